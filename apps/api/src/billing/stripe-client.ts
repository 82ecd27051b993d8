import { PikaiaError, type Clock } from '@pikaia/core';
import Stripe from 'stripe';
import type { StripeSettings } from './stripe.settings.js';

const TIMEOUT_MS = 4_000; // of one attempt
const MAX_RETRIES = 2; // so a call ends within about 15 s, before Stripe gives up on the delivery
const CLOCK_MARGIN_MS = 1_000; // a Date header and the times of events are in whole seconds

/** The state of a subscription at some moment from `from` to `until`, by the clock of Stripe. */
export interface ReadSubscription {
  readonly subscription: Stripe.Subscription;
  readonly from: Date;
  readonly until: Date;
}

/** What is read from Stripe. */
export interface StripeClient {
  /** Returns the current state of a subscription, also of one that ended. */
  readSubscription(id: string): Promise<ReadSubscription>;
}

/** Without an API key, as in development, every call fails. */
export function createStripeClient({ stripeApiKey, stripeApiUrl }: StripeSettings, clock: Clock): StripeClient {
  const stripe = stripeApiKey === undefined ? undefined : connect(stripeApiKey, stripeApiUrl);
  return {
    async readSubscription(id) {
      if (!stripe)
        throw new PikaiaError(
          'PIKAIA_STRIPE_API_KEY_MISSING',
          `The subscription ${id} cannot be read from Stripe: STRIPE_API_KEY is not set.`,
        );
      const started = clock.monotonic();
      const subscription = await stripe.subscriptions.retrieve(id);
      const respondedAt = Date.parse(subscription.lastResponse.headers['date'] ?? '');
      if (Number.isNaN(respondedAt)) throw new Error('The response of Stripe has no date.');
      const elapsedMs = clock.monotonic() - started;
      return {
        subscription,
        from: new Date(respondedAt - elapsedMs - CLOCK_MARGIN_MS),
        until: new Date(respondedAt + CLOCK_MARGIN_MS),
      };
    },
  };
}

function connect(apiKey: string, apiUrl: string | undefined): Stripe {
  const url = apiUrl === undefined ? undefined : new URL(apiUrl);
  return new Stripe(apiKey, {
    timeout: TIMEOUT_MS,
    maxNetworkRetries: MAX_RETRIES,
    telemetry: false,
    ...(url && {
      protocol: url.protocol === 'http:' ? ('http' as const) : ('https' as const),
      host: url.hostname,
      port: url.port || (url.protocol === 'http:' ? 80 : 443),
    }),
  });
}
