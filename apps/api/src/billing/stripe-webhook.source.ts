import type { Clock } from '@pikaia/core';
import { currentManager } from '@pikaia/database';
import type Stripe from 'stripe';
import type { SignedRequest } from '../webhooks/webhook.decorator.js';
import type { HandlerOutcome, WebhookSource } from '../webhooks/webhook.source.js';
import type { CustomerService } from './customer.service.js';
import type { StripeClient } from './stripe-client.js';
import { verifyStripeEvent } from './stripe-signature.js';
import { idOf, secondsToDate } from './subscription-state.js';
import type { SubscriptionService } from './subscription.service.js';

/**
 * Reads the version of the row of a subscription, which every update changes. $1 id at Stripe.
 *
 * Index: subscription_provider. Locks: none.
 */
const REVISION = 'select xmin::text as revision from subscription where provider_id = $1';

/** The state of a subscription at Stripe, and the revision of our row before it was read. */
interface CurrentSubscription {
  readonly subscription: Stripe.Subscription;
  readonly revision: string | undefined;
}

export interface StripeWebhookOptions {
  /** A signature is valid if it was made with any of them. */
  readonly secrets: readonly string[];
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
    const version = secondsToDate(event.created);
    if (event.type === 'checkout.session.completed') return this.handleCheckout(event.data.object, version, current);
    const subscription = subscriptionIn(event);
    return subscription ? this.handleSubscription(subscription, version, current) : Promise.resolve('unknown_type');
  }

  async fetchCurrent(event: Stripe.Event): Promise<CurrentSubscription> {
    const id = event.type === 'checkout.session.completed' ? idOf(event.data.object.subscription) : subscriptionIn(event)?.id;
    const revision = await revisionOf(id!); // before the call, so that a later change is noticed
    return { revision, subscription: await this.options.stripe.retrieveSubscription(id!) };
  }

  private async handleSubscription(
    subscription: Stripe.Subscription,
    version: Date,
    current: CurrentSubscription | undefined,
  ): Promise<HandlerOutcome> {
    const { customers, subscriptions } = this.options;
    const organization = await customers.lockByCustomer(idOf(subscription.customer)!);
    if (!organization) return 'unknown_customer';
    if (current && !(await isNewest(current))) return 'current';
    return subscriptions.apply(organization, {
      subscription: current?.subscription ?? subscription,
      version,
      isCurrent: current !== undefined,
    });
  }

  /**
   * Links the customer to the organization, then applies the subscription as Stripe has it now, because its own events may have come
   * before the customer was known.
   */
  private async handleCheckout(
    session: Stripe.Checkout.Session,
    version: Date,
    current: CurrentSubscription | undefined,
  ): Promise<HandlerOutcome> {
    const { customers, subscriptions } = this.options;
    const customer = idOf(session.customer);
    const organization = customer === null ? undefined : await customers.lockByCheckout(session);
    if (customer === null || !organization) return 'unknown_customer';
    const linked = await customers.link(organization, customer);
    if (session.subscription === null || linked === 'conflict') return linked === 'linked' ? 'handled' : linked;
    if (!current || !(await isNewest(current))) return 'current';
    const applied = await subscriptions.apply(organization, { subscription: current.subscription, version, isCurrent: true });
    return linked === 'linked' ? 'handled' : applied;
  }
}

/** Returns the subscription that an event is about. Each event of this kind contains the whole subscription. */
function subscriptionIn({ type, data: { object } }: Stripe.Event): Stripe.Subscription | undefined {
  return type.startsWith('customer.subscription.') && 'object' in object && object.object === 'subscription' ? object : undefined;
}

/** True if our row has not changed since `current` was read. Otherwise another delivery may have read a newer state meanwhile. */
const isNewest = async ({ subscription, revision }: CurrentSubscription): Promise<boolean> =>
  (await revisionOf(subscription.id)) === revision;

async function revisionOf(subscription: string): Promise<string | undefined> {
  const [row] = await currentManager().query<{ revision: string }[]>(REVISION, [subscription]);
  return row?.revision;
}
