import type { RequestListener } from 'node:http';
import { randomUUID } from 'node:crypto';
import Stripe from 'stripe';
import { HttpStub } from './http.stub.js';

export interface SubscriptionFields {
  readonly status?: string;
  readonly price?: string;
  readonly quantity?: number | null;
  readonly cancel_at_period_end?: boolean;
  /** The start of the period in seconds. A period has 30 days. */
  readonly start?: number;
}

export type StripeObject = Readonly<Record<string, unknown>>;

export interface StripeEvent {
  readonly id: string;
  readonly type: string;
  readonly created: number;
  readonly livemode: boolean;
  readonly data: { readonly object: StripeObject };
}

const PERIOD_S = 30 * 86_400;

/** A subscription as Stripe sends it, with the fields that the application reads and some that it does not. */
export function stripeSubscription(id: string, customer: string, fields: SubscriptionFields = {}): StripeObject {
  const { status = 'active', price = 'price_basic', quantity = 1, cancel_at_period_end = false, start = 1_790_000_000 } = fields;
  const item = {
    id: `si_${id}`,
    object: 'subscription_item',
    price: { id: price, object: 'price', unit_amount: 900, currency: 'usd' },
    ...(quantity !== null && { quantity }),
    current_period_start: start,
    current_period_end: start + PERIOD_S,
  };
  return {
    id,
    object: 'subscription',
    customer,
    status,
    cancel_at_period_end,
    created: 1_780_000_000,
    currency: 'usd',
    items: { object: 'list', data: [item], has_more: false },
    metadata: {},
  };
}

export const stripeEvent = (type: string, created: number, object: StripeObject): StripeEvent => ({
  id: `evt_${randomUUID()}`,
  type,
  created,
  livemode: false,
  data: { object },
});

/** The event of a completed checkout, which names the organization as a server writes it. */
export const checkoutEvent = (created: number, fields: StripeObject): StripeEvent =>
  stripeEvent('checkout.session.completed', created, {
    id: `cs_${randomUUID()}`,
    object: 'checkout.session',
    mode: 'subscription',
    client_reference_id: null,
    customer: null,
    subscription: null,
    metadata: {},
    ...fields,
  });

/** Returns the header of a delivery. Several secrets give several signatures, as while a secret is rotated. */
export function stripeSignature(payload: string, secrets: readonly string[], timestamp = Math.floor(Date.now() / 1_000)): string {
  const headers = secrets.map((secret) => Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp }));
  return [`t=${timestamp}`, ...headers.map((header) => header.slice(header.indexOf('v1=')))].join(',');
}

/** The API of Stripe, with the subscriptions that a test puts in. */
export class StripeStub extends HttpStub {
  readonly subscriptions = new Map<string, StripeObject>();
  /** The ids that were read. */
  readonly reads: string[] = [];
  /** The answer to the next requests: no response, or a status. */
  fault: 'silent' | number | undefined;
  /** Called before a response is sent. */
  onRead: (id: string) => Promise<void> = () => Promise.resolve();

  static start(): Promise<StripeStub> {
    return new StripeStub().listen();
  }

  protected readonly respond: RequestListener = (request, response) => {
    const id = /^\/v1\/subscriptions\/([^/?]+)$/.exec(request.url ?? '')?.[1] ?? '';
    const found = this.subscriptions.get(id); // the state when the request arrives
    this.reads.push(id);
    if (this.fault === 'silent') return;
    const isKnown = found !== undefined && request.headers.authorization === 'Bearer sk_test_of_the_stub';
    const status = this.fault ?? (isKnown ? 200 : 404);
    const body =
      status === 200 ? found : { error: { type: 'invalid_request_error', code: 'resource_missing', message: 'No such id' } };
    void this.onRead(id).then(() =>
      response
        .writeHead(status, { 'content-type': 'application/json', 'stripe-should-retry': 'false' })
        .end(JSON.stringify(body)),
    );
  };
}
