import { Setting } from '@pikaia/core';
import { IsOptional, IsUrl, Matches } from 'class-validator';

const ARN = /^arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@!-]+$/;

/** A Lambda cannot be given secrets but only their names: they are read when it starts. */
export class ConsumerSettings {
  @Setting('DATABASE_SECRET_ARN', {
    about: 'ARN of a secret with username and password, in place of DATABASE_USER and DATABASE_PASSWORD',
  })
  @IsOptional()
  @Matches(ARN, { message: '$property must be the ARN of a secret' })
  databaseSecretArn?: string;

  @Setting('INVITATION_SECRET_ARN', { about: 'ARN of a secret whose text is INVITATION_SECRET' })
  @IsOptional()
  @Matches(ARN, { message: '$property must be the ARN of a secret' })
  invitationSecretArn?: string;

  @Setting('QUEUE_URL', {
    about: 'the queue that the events come from; without it a failed event stays away for its visibility time-out',
  })
  @IsOptional()
  @IsUrl({ require_tld: false }, { message: '$property must be the URL of a queue' })
  queueUrl?: string;
}
