import type { Clock } from '@pikaia/core';
import type Stripe from 'stripe';
import type { SignedRequest } from '../webhooks/webhook.decorator.js';
import type { HandlerOutcome, WebhookSource } from '../webhooks/webhook.source.js';
import type { CustomerService } from './customer.service.js';
import type { StripeClient } from './stripe-client.js';
import { verifyStripeEvent } from './stripe-signature.js';
import { idOf, secondsToDate } from './subscription-state.js';
import type { CurrentSubscription, SubscriptionService } from './subscription.service.js';

export interface StripeWebhookOptions {
  /** A signature is valid if it was made with any of them. */
  readonly secrets: readonly string[];
  /** The mode of the API key. An event of the other mode is ignored, also if it is signed. Undefined accepts both. */
  readonly isLiveMode: boolean | undefined;
  readonly clock: Clock;
  readonly stripe: StripeClient;
  readonly customers: CustomerService;
  readonly subscriptions: SubscriptionService;
}

/**
 * Applies the events of Stripe. Stripe does not deliver them in order. The time of an event decides: an older event is ignored, and for
 * two events of one second the current subscription is read from Stripe.
 */
export class StripeWebhookSource implements WebhookSource<Stripe.Event, CurrentSubscription> {
  readonly name = 'stripe';

  constructor(private readonly options: StripeWebhookOptions) {}

  /** False without a secret: then no delivery can be verified. */
  get isConfigured(): boolean {
    return this.options.secrets.length > 0;
  }

  verify(request: SignedRequest): Stripe.Event {
    return verifyStripeEvent(request, this.options.secrets, this.options.clock);
  }

  handle(event: Stripe.Event, current?: CurrentSubscription): Promise<HandlerOutcome> {
    const { isLiveMode } = this.options;
    if (isLiveMode !== undefined && event.livemode === !isLiveMode) return Promise.resolve('other_mode');
    const created = secondsToDate(event.created);
    if (event.type === 'checkout.session.completed') return this.handleCheckout(event.data.object, created, current);
    const subscription = subscriptionIn(event);
    return subscription ? this.handleSubscription(subscription, created, current) : Promise.resolve('unknown_type');
  }

  async fetchCurrent(event: Stripe.Event): Promise<CurrentSubscription> {
    const { stripe, subscriptions } = this.options;
    const id = event.type === 'checkout.session.completed' ? idOf(event.data.object.subscription) : subscriptionIn(event)?.id;
    const revision = await subscriptions.revisionOf(id!); // before the read, so that a change during it is noticed
    return { ...(await stripe.readSubscription(id!)), revision };
  }

  private async handleSubscription(
    subscription: Stripe.Subscription,
    created: Date,
    current: CurrentSubscription | undefined,
  ): Promise<HandlerOutcome> {
    const { customers, subscriptions } = this.options;
    const organization = await customers.lockByCustomer(idOf(subscription.customer)!);
    if (!organization) return 'unknown_customer';
    return subscriptions.apply(organization, { id: subscription.id, created, subscription }, current);
  }

  /**
   * Links the customer to the organization, then applies the subscription as Stripe has it now, because its own events may have come
   * before the customer was known.
   */
  private async handleCheckout(
    session: Stripe.Checkout.Session,
    created: Date,
    current: CurrentSubscription | undefined,
  ): Promise<HandlerOutcome> {
    const { customers, subscriptions } = this.options;
    const customer = idOf(session.customer);
    const organization = customer === null ? undefined : await customers.lockByCheckout(session);
    if (customer === null || !organization) return 'unknown_customer';
    const linked = await customers.link(organization, customer);
    const id = idOf(session.subscription);
    if (id === null || linked === 'conflict') return linked === 'linked' ? 'handled' : linked;
    const applied = await subscriptions.apply(organization, { id, created }, current);
    return linked === 'linked' && applied !== 'current' ? 'handled' : applied;
  }
}

/** Returns the subscription that an event is about. Each event of this kind contains the whole subscription. */
function subscriptionIn({ type, data: { object } }: Stripe.Event): Stripe.Subscription | undefined {
  return type.startsWith('customer.subscription.') && 'object' in object && object.object === 'subscription' ? object : undefined;
}
