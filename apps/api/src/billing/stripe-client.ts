import Stripe from 'stripe';
import { PikaiaError } from '@pikaia/core';
import type { StripeSettings } from './stripe.settings.js';

const TIMEOUT_MS = 4_000; // of one attempt
const MAX_RETRIES = 2; // so a call ends within about 15 s, before Stripe gives up on the delivery

/** What is read from Stripe. */
export abstract class StripeClient {
  /** Returns the current state of a subscription, also of one that ended. */
  abstract retrieveSubscription(id: string): Promise<Stripe.Subscription>;
}

export function createStripeClient({ stripeApiKey, stripeApiUrl }: StripeSettings): StripeClient {
  if (stripeApiKey === undefined) {
    return {
      retrieveSubscription: (id) =>
        Promise.reject(
          new PikaiaError('PIKAIA_STRIPE_API_KEY_MISSING', `The subscription ${id} was not read: STRIPE_API_KEY is not set.`),
        ),
    };
  }
  const url = stripeApiUrl === undefined ? undefined : new URL(stripeApiUrl);
  const stripe = new Stripe(stripeApiKey, {
    timeout: TIMEOUT_MS,
    maxNetworkRetries: MAX_RETRIES,
    telemetry: false,
    ...(url && {
      protocol: url.protocol === 'http:' ? ('http' as const) : ('https' as const),
      host: url.hostname,
      port: url.port || (url.protocol === 'http:' ? 80 : 443),
    }),
  });
  return { retrieveSubscription: (id) => stripe.subscriptions.retrieve(id) };
}
