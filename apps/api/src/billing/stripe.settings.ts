import { isProduction, OptionalField, Setting, splitList } from '@pikaia/core';
import { IsNotEmpty, IsUrl, Matches, ValidateIf } from 'class-validator';

// For development only: signs the test events of `npm run stripe:event`.
const DEVELOPMENT_WEBHOOK_SECRET = 'whsec_development';

const isConfigured = ({ stripeWebhookSecrets, stripeApiKey }: StripeSettings): boolean =>
  stripeWebhookSecrets !== undefined || (stripeApiKey !== undefined && isProduction());

/** Stripe. Set the secrets and the key, or neither: then there is no billing in production. */
export class StripeSettings {
  @Setting('STRIPE_WEBHOOK_SECRETS', {
    about:
      'signing secrets of the webhook endpoint at Stripe, separated by commas: the new one and, while it is rotated, the old one',
    secret: true,
  })
  @ValidateIf(isConfigured)
  @Matches(/^\s*whsec_[^\s,]+\s*(,\s*whsec_[^\s,]+\s*)*$/, {
    message: 'must be secrets that start with whsec_, separated by commas',
  })
  stripeWebhookSecrets?: string;

  @Setting('STRIPE_API_KEY', {
    about: 'API key of Stripe that may read subscriptions; required with STRIPE_WEBHOOK_SECRETS',
    secret: true,
  })
  @ValidateIf(isConfigured)
  @IsNotEmpty()
  stripeApiKey?: string;

  @Setting('STRIPE_API_URL', { about: 'URL of a substitute for the API of Stripe; default: the API of Stripe' })
  @OptionalField()
  @IsUrl({ protocols: ['https', 'http'], require_protocol: true, require_tld: false })
  stripeApiUrl?: string;

  /** Whether the API key is of the live mode of Stripe. Undefined if the key does not say it. */
  get isLiveMode(): boolean | undefined {
    const mode = /^[a-z]+_(live|test)_/.exec(this.stripeApiKey ?? '')?.[1];
    return mode === undefined ? undefined : mode === 'live';
  }

  /** Empty in production without STRIPE_WEBHOOK_SECRETS: then the webhook does not exist. */
  get stripeSecrets(): readonly string[] {
    if (this.stripeWebhookSecrets !== undefined) return splitList(this.stripeWebhookSecrets);
    return isProduction() ? [] : [DEVELOPMENT_WEBHOOK_SECRET];
  }
}
