import type { Stack } from 'aws-cdk-lib';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';

/** What a process may ask of AWS, one sentence a function. */

export function mayReadSecret(who: IGrantable, secret: ISecret): void {
  who.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [secret.secretArn] }),
  );
  secret.encryptionKey?.grantDecrypt(who);
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
