import { randomUUID } from 'node:crypto';
import Stripe from 'stripe';

const PERIOD_S = 30 * 86_400;

export interface SubscriptionOptions {
  readonly status: string;
  readonly price: string;
  readonly quantity: number;
}

/** A test event of Stripe with its signature. `created` is in seconds since 1970. */
export function signedEvent(type: string, object: object, created: number) {
  const payload = JSON.stringify({
    id: `evt_${randomUUID()}`,
    object: 'event',
    type,
    created,
    livemode: false,
    data: { object },
  });
  const secret = process.env['STRIPE_WEBHOOK_SECRETS']?.split(',')[0]?.trim() || 'whsec_development';
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: created });
  return { payload, headers: { 'content-type': 'application/json', 'stripe-signature': signature } };
}

/** The event that links an organization to its test customer. */
export const completedCheckout = (slug: string, organizationId: string) =>
  ({
    type: 'checkout.session.completed',
    object: {
      object: 'checkout.session',
      client_reference_id: organizationId,
      customer: customerOf(slug),
      subscription: null,
    },
  }) as const;

/** The event with the state of the test subscription of an organization, whose period starts at `start`, in seconds since 1970. */
export const changedSubscription = (
  slug: string,
  { status, price, quantity }: SubscriptionOptions,
  start: number,
  customer = customerOf(slug),
) => ({
  type: `customer.subscription.${status === 'canceled' ? 'deleted' : 'updated'}`,
  object: {
    id: `sub_test_${slug}`,
    object: 'subscription',
    customer,
    status,
    cancel_at_period_end: false,
    items: {
      data: [{ price: { id: price }, quantity, current_period_start: start, current_period_end: start + PERIOD_S }],
    },
  },
});

const customerOf = (slug: string): string => `cus_test_${slug}`;
