import { OptionalField, Setting } from '@pikaia/core';
import { IsUrl, Matches } from 'class-validator';

const ARN = /^arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@!-]+$/;

/** Settings of a Lambda consumer. A Lambda receives the ARNs of its secrets and reads the secrets when it starts. */
export class ConsumerSettings {
  @Setting('DATABASE_SECRET_ARN', {
    about: 'ARN of a secret with username and password; replaces DATABASE_USER and DATABASE_PASSWORD',
  })
  @OptionalField()
  @Matches(ARN, { message: '$property must be the ARN of a secret' })
  databaseSecretArn?: string;

  @Setting('INVITATION_SECRET_ARN', { about: 'ARN of the secret that contains INVITATION_SECRET' })
  @OptionalField()
  @Matches(ARN, { message: '$property must be the ARN of a secret' })
  invitationSecretArn?: string;

  @Setting('QUEUE_URL', {
    about:
      'URL of the queue that delivers the events; if absent, a failed event is retried after the visibility timeout of the queue',
  })
  @OptionalField()
  @IsUrl({ require_tld: false }, { message: '$property must be the URL of a queue' })
  queueUrl?: string;
}
