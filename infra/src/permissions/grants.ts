import type { Stack } from 'aws-cdk-lib';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';

/** Permissions of the processes, one function each. */

export function mayReadSecrets(grantee: IGrantable, secrets: readonly ISecret[], key: IKey, stack: Stack): void {
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: secrets.map(({ secretArn }) => secretArn) }),
  );
  mayDecryptSecrets(grantee, key, stack);
}

/** Allows decryption through Secrets Manager only, not of other data that the key encrypts. */
export function mayDecryptSecrets(grantee: IGrantable, key: IKey, { region }: Stack): void {
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['kms:Decrypt'],
      resources: [key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` } },
    }),
  );
}

/** Allows sending email from the given domain only. PikaiaApp creates the identity; its ARN is derived from the domain. */
export function maySendMail(grantee: IGrantable, stack: Stack, domain: string): void {
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['ses:SendEmail', 'ses:SendRawEmail'],
      resources: [stack.formatArn({ service: 'ses', resource: 'identity', resourceName: domain })],
    }),
  );
}

/** Allows PutEvents and DescribeEventBus. The worker checks that the bus exists, because PutEvents accepts events for a missing bus. */
export function mayPublish(grantee: IGrantable, bus: IEventBus): void {
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['events:PutEvents', 'events:DescribeEventBus'], resources: [bus.eventBusArn] }),
  );
}
