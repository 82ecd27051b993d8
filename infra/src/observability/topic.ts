import { Topic, SubscriptionFilter, FilterOrPolicy, type ITopic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription, UrlSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Settings } from '../settings/settings.ts';

/** The notification topic of the alarms. Each subscriber must confirm the subscription once before it receives anything. */
export function createTopic(scope: Construct, key: IKey, { email, https, httpsGets }: Settings['alarms'], pages: string): ITopic {
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
  const filterPolicy = { AlarmName: FilterOrPolicy.filter(SubscriptionFilter.stringFilter({ allowlist: [pages] })) };
  for (const address of splitList(email)) topic.addSubscription(new EmailSubscription(address));
  for (const url of splitList(https)) {
    topic.addSubscription(
      new UrlSubscription(url, httpsGets === 'composite' ? { filterPolicyWithMessageBody: filterPolicy } : {}),
    );
  }
  return topic;
}

const splitList = (text: string | undefined): string[] => text?.split(',') ?? [];
