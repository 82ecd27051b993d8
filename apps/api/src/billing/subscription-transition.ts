/** What happened to a subscription, as its event says. */
export type SubscriptionTransition = 'activated' | 'updated' | 'canceled';

/** The customer may use the product. Stripe still retries the payment of a subscription that is past due. */
const LIVE: ReadonlySet<string> = new Set(['trialing', 'active', 'past_due']);
/** Stripe never changes the status again. */
const ENDED: ReadonlySet<string> = new Set(['canceled', 'incomplete_expired']);

interface Change {
  /** Whether `activated` was published and `canceled` was not. */
  readonly isActive: boolean;
  readonly newStatus: string;
  readonly isChanged: boolean;
}

/**
 * Returns what a change of a subscription means, or undefined if nothing is published. docs/billing.md has this as a table. A status
 * that Stripe adds later counts as neither live nor ended.
 */
export function transitionOf({ isActive, newStatus, isChanged }: Change): SubscriptionTransition | undefined {
  if (!isActive) return LIVE.has(newStatus) ? 'activated' : undefined;
  if (ENDED.has(newStatus)) return 'canceled';
  return isChanged ? 'updated' : undefined;
}
