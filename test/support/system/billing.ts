import { randomUUID } from 'node:crypto';
import {
  checkoutEvent,
  stripeEvent,
  stripeSignature,
  StripeStub,
  stripeSubscription,
  type StripeEvent,
  type SubscriptionFields,
} from '../http/stripe.stub.js';
import { System, type ApiResponse, type RequestOptions } from './system.js';

export const OLD_SECRET = 'whsec_of_last_year';
export const SECRET = 'whsec_of_this_year';

/** The environment of an api that billing is configured for. */
export const billingEnvironment = (stripe: StripeStub): NodeJS.ProcessEnv => ({
  STRIPE_WEBHOOK_SECRETS: `${SECRET}, ${OLD_SECRET}`,
  STRIPE_API_KEY: 'sk_test_of_the_stub',
  STRIPE_API_URL: stripe.url,
});

/** What the webhooks of a subscription left behind, in order. */
export interface BillingTrace {
  readonly events: { readonly event_type: string; readonly data: Record<string, unknown> }[];
  readonly actions: string[];
}

/** A customer of the example at Stripe, whose deliveries a test sends. */
export class StripeCustomer {
  readonly subscription = `sub_${randomUUID()}`;

  private constructor(
    private readonly system: System,
    readonly organizationId: string,
    readonly id: string,
  ) {}

  /** Links a new customer to an organization of the demo data, whose customer is removed before. */
  static async link(system: System, slug: string, id = `cus_${randomUUID()}`): Promise<StripeCustomer> {
    const [organization] = await system.query<{ id: string }>(
      'update organizations_organization set stripe_customer_id = $2 where slug = $1 returning id',
      [slug, id],
    );
    return new StripeCustomer(system, organization!.id, id);
  }

  object(fields: SubscriptionFields = {}) {
    return stripeSubscription(this.subscription, this.id, fields);
  }

  event(kind: string, created: number, fields: SubscriptionFields = {}): StripeEvent {
    return stripeEvent(`customer.subscription.${kind}`, created, this.object(fields));
  }

  checkout(created: number, fields: Readonly<Record<string, unknown>> = {}): StripeEvent {
    return checkoutEvent(created, { client_reference_id: this.organizationId, customer: this.id, ...fields });
  }

  /** Delivers the events in turn. @returns the outcomes. */
  async deliver(...events: readonly StripeEvent[]): Promise<unknown[]> {
    const outcomes: unknown[] = [];
    for (const event of events) outcomes.push((await deliverWebhook(this.system, event)).body['outcome']);
    return outcomes;
  }

  /** The row of the subscription, without ids. */
  async row(): Promise<Record<string, unknown> | undefined> {
    const [row] = await this.system.query(
      `select status, price_id, quantity, cancel_at_period_end, active_since is not null as is_active,
         extract(epoch from current_period_start)::int as start, extract(epoch from provider_version)::int as version
       from subscription where provider_id = $1`,
      [this.subscription],
    );
    return row;
  }

  async trace(): Promise<BillingTrace> {
    const events = await this.system.query<BillingTrace['events'][number]>(
      `select event_type, payload::json->'data' as data from outbox.outbox_log
       where aggregate_type = 'subscription' and aggregate_id = (select id::text from subscription where provider_id = $1)
       order by position`,
      [this.subscription],
    );
    const entries = await this.system.query<{ action: string }>(
      `select action from audit.record where actor_type = 'system' and actor_id = 'stripe' and organization_id = $1
         and aggregate_id = (select id::text from subscription where provider_id = $2) order by created_at, id`,
      [this.organizationId, this.subscription],
    );
    return { events, actions: entries.map(({ action }) => action) };
  }
}

/** Delivers a webhook as Stripe does. */
export function deliverWebhook(
  system: System,
  event: unknown,
  { secrets = [SECRET], timestamp, headers = {}, port }: DeliveryOptions = {},
): Promise<ApiResponse> {
  const body = typeof event === 'string' ? event : JSON.stringify(event, null, 2); // Stripe indents its JSON
  return system.request('POST', '/billing/webhook', {
    body,
    headers: { 'stripe-signature': stripeSignature(body, secrets, timestamp), ...headers },
    ...(port !== undefined && { port }),
  });
}

interface DeliveryOptions extends Pick<RequestOptions, 'headers' | 'port'> {
  readonly secrets?: readonly string[];
  /** Seconds since 1970. Default: now. */
  readonly timestamp?: number;
}
