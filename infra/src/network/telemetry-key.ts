import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { RETAINED } from '../retain.ts';

/**
 * Encrypts log groups and the topic of the alarms. CloudWatch cannot publish to a topic with the managed key, and log
 * groups of another name are refused, so that no other log of the account leans on this key.
 */
export function telemetryKey(scope: Construct): Key {
  const { region, account, partition } = Stack.of(scope);
  const key = new Key(scope, 'TelemetryKey', {
    alias: 'alias/pikaia-telemetry',
    description: 'Pikaia: log groups and the topic of the alarms',
    enableKeyRotation: true,
    removalPolicy: RETAINED,
  });
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: 'LogGroupsOfPikaia',
      principals: [new ServicePrincipal(`logs.${region}.amazonaws.com`)],
      actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:GenerateDataKey', 'kms:DescribeKey'],
      resources: ['*'], // of a key's policy: this key
      conditions: {
        ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:/pikaia/*` },
      },
    }),
  );
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: 'AlarmsIntoTheTopic',
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'], // of a key's policy: this key
      conditions: { StringEquals: { 'aws:SourceAccount': account } },
    }),
  );
  return key;
}
