import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { RETAINED } from '../retain.ts';

/**
 * The key of the log groups and the alarm topic. CloudWatch cannot publish to a topic that uses the managed key. The policy
 * allows only the log groups of Pikaia and of its database, so that no other log of the account depends on this key.
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
      resources: ['*'], // in a key policy, * means this key
      conditions: {
        ArnLike: {
          'kms:EncryptionContext:aws:logs:arn': ['/pikaia/*', '/aws/rds/cluster/pikaia/*'].map(
            (name) => `arn:${partition}:logs:${region}:${account}:log-group:${name}`,
          ),
        },
      },
    }),
  );
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: 'AlarmsIntoTheTopic',
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'], // in a key policy, * means this key
      conditions: { StringEquals: { 'aws:SourceAccount': account } },
    }),
  );
  return key;
}
