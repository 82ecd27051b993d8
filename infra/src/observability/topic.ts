import { Topic, SubscriptionFilter, FilterOrPolicy, type ITopic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription, UrlSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Settings } from '../settings/settings.ts';

/** Where alarms go. Each subscriber has to confirm once; an address that has not is told nothing. */
export function makeTopic(scope: Construct, key: IKey, { email, https, httpsGets }: Settings['alarms'], pages: string): ITopic {
  const topic = new Topic(scope, 'Topic', {
    topicName: 'pikaia-alarms',
    displayName: 'Pikaia alarms',
    masterKey: key,
    enforceSSL: true,
  });
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: 'AlarmsOfThisAccount',
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  );
  const only = { AlarmName: FilterOrPolicy.filter(SubscriptionFilter.stringFilter({ allowlist: [pages] })) };
  for (const address of listed(email)) topic.addSubscription(new EmailSubscription(address));
  for (const url of listed(https)) {
    topic.addSubscription(new UrlSubscription(url, httpsGets === 'composite' ? { filterPolicyWithMessageBody: only } : {}));
  }
  return topic;
}

const listed = (text: string | undefined): string[] => text?.split(',') ?? [];
