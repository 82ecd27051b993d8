import type Stripe from 'stripe';
import type { Subscription } from './subscription.entity.js';

/** The fields that Stripe decides. */
export type StateOfSubscription = Pick<
  Subscription,
  'status' | 'priceId' | 'quantity' | 'currentPeriodStart' | 'currentPeriodEnd' | 'cancelAtPeriodEnd'
>;

/** API versions before 2025-03-31 have the period on the subscription. The version of an event is that of the webhook endpoint. */
interface Period {
  readonly current_period_start?: number | null;
  readonly current_period_end?: number | null;
}

/** Reads the state from an object of Stripe, of any API version. If the subscription has several items, the first one counts. */
export function stateOf(subscription: Stripe.Subscription): StateOfSubscription {
  const item = subscription.items.data[0]!; // a subscription always has an item
  const period: Period = item.current_period_end === undefined ? (subscription as Period) : item;
  return {
    status: subscription.status,
    priceId: item.price.id,
    quantity: item.quantity ?? null,
    currentPeriodStart: timeOf(period.current_period_start),
    currentPeriodEnd: timeOf(period.current_period_end),
    cancelAtPeriodEnd: subscription.cancel_at_period_end,
  };
}

/** Converts a time of Stripe, in seconds. */
export const secondsToDate = (seconds: number): Date => new Date(seconds * 1_000);

const timeOf = (seconds: number | null | undefined): Date | null =>
  seconds === null || seconds === undefined ? null : secondsToDate(seconds);

/** Returns the id of a reference that may be expanded to the object. */
export const idOf = (reference: string | { readonly id: string } | null): string | null =>
  typeof reference === 'object' ? (reference?.id ?? null) : reference;
