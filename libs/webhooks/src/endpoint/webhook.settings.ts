import { isProduction, Setting, splitList, TextRule } from '@pikaia/core';
import { IsInt, Max, Min, ValidateIf } from 'class-validator';

const MIN_KEY_CHARACTERS = 32;
// For development only: a fixed key keeps secrets readable across restarts.
const DEVELOPMENT_KEY = 'pikaia development webhook secret key: not a secret';

/** The settings of outgoing webhooks that the api and the worker share. */
export class WebhookSettings {
  @Setting('WEBHOOK_SECRET_KEYS', {
    about:
      'encrypt the secrets of webhook endpoints; the same in the api and the worker, each of at least 32 characters; during a rotation several, separated by commas: the first encrypts, all decrypt; required in production',
    secret: true,
  })
  @ValidateIf(({ webhookSecretKeys }: WebhookSettings) => webhookSecretKeys !== undefined || isProduction())
  @TextRule('isKeyList', (value) =>
    typeof value === 'string' && splitList(value).every((key) => key.length >= MIN_KEY_CHARACTERS)
      ? undefined
      : `must be keys of at least ${MIN_KEY_CHARACTERS} characters, separated by commas`,
  )
  webhookSecretKeys?: string;

  get secretKeys(): readonly [string, ...string[]] {
    return this.webhookSecretKeys === undefined
      ? [DEVELOPMENT_KEY]
      : (splitList(this.webhookSecretKeys) as unknown as readonly [string, ...string[]]);
  }
}

/** How long the worker keeps webhook deliveries. */
export class WebhookRetentionSettings {
  @Setting('WEBHOOK_RETENTION_DAYS', {
    about: 'days that webhook deliveries and their attempts are kept after the last attempt; longer than events are kept',
    default: '30',
  })
  @IsInt()
  @Min(11)
  @Max(3650)
  webhookRetentionDays!: number;
}
