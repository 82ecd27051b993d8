import { isProduction, OptionalField, Setting, splitList } from '@pikaia/core';
import { Webhook } from 'standardwebhooks';
import { ValidateBy } from 'class-validator';

/** For development only: signs the notices of `npm run identity-notice`. */
export const DEVELOPMENT_WEBHOOK_SECRET = `whsec_${Buffer.from('pikaia development webhook: no secret').toString('base64')}`;
const MIN_SECRET_BYTES = 24; // the specification of Standard Webhooks

/** The webhooks of the identity provider. */
export class IdentitySettings {
  @Setting('IDENTITY_WEBHOOK_SECRETS', {
    about:
      'signing secrets of the webhook of the identity provider (whsec_…), separated by commas during a rotation; without one, production responds 404 to every webhook',
    secret: true,
  })
  @OptionalField()
  @ValidateBy({
    name: 'webhookSecrets',
    validator: {
      validate: (value) => splitList(value as string).every(isSecret),
      defaultMessage: () =>
        `$property must be secrets of the form whsec_…, each with at least ${MIN_SECRET_BYTES} bytes in base64`,
    },
  })
  identityWebhookSecrets?: string;

  @Setting('IDENTITY_ADMIN_ROLES', {
    about: 'roles at the identity provider that make a member an admin, separated by commas; any other role makes a member',
    default: 'stytch_admin',
  })
  identityAdminRoles!: string;

  /** The keys that verify webhooks. Any of them may have signed. */
  get webhookKeys(): readonly Webhook[] {
    const development = isProduction() ? undefined : DEVELOPMENT_WEBHOOK_SECRET;
    const secrets = this.identityWebhookSecrets ?? development;
    return secrets === undefined ? [] : splitList(secrets).map((secret) => new Webhook(secret));
  }

  get adminRoles(): ReadonlySet<string> {
    return new Set(splitList(this.identityAdminRoles).filter((role) => role !== ''));
  }
}

function isSecret(text: string): boolean {
  const encoded = /^whsec_([A-Za-z0-9+/]+=*)$/.exec(text)?.[1];
  if (encoded === undefined) return false;
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.length >= MIN_SECRET_BYTES && bytes.toString('base64') === encoded;
}
