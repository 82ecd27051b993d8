import type { Stack } from 'aws-cdk-lib';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';

/** What a process may ask of AWS, one sentence a function. */

export function mayReadSecrets(who: IGrantable, secrets: readonly ISecret[], key: IKey, stack: Stack): void {
  who.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: secrets.map(({ secretArn }) => secretArn) }),
  );
  mayDecryptSecrets(who, key, stack);
}

/** Through Secrets Manager, and nothing else that the key encrypts. */
export function mayDecryptSecrets(who: IGrantable, key: IKey, { region }: Stack): void {
  who.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['kms:Decrypt'],
      resources: [key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` } },
    }),
  );
}

/** Only from its own domain; the identity is made by PikaiaApp, and its ARN follows from the domain. */
export function maySendMail(who: IGrantable, stack: Stack, domain: string): void {
  who.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['ses:SendEmail', 'ses:SendRawEmail'],
      resources: [stack.formatArn({ service: 'ses', resource: 'identity', resourceName: domain })],
    }),
  );
}

/** Put, and look whether the bus is there: PutEvents accepts events for one that is not. */
export function mayPublish(who: IGrantable, bus: IEventBus): void {
  who.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['events:PutEvents', 'events:DescribeEventBus'], resources: [bus.eventBusArn] }),
  );
}
