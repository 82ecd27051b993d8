import fc from 'fast-check';
import { StripeStub, type StripeEvent, type SubscriptionFields } from '../support/http/stripe.stub.js';
import { billingEnvironment, StripeCustomer } from '../support/system/billing.js';
import { System } from '../support/system/system.js';

const START = 1_790_000_000; // seconds
const LIVE = ['trialing', 'active', 'past_due'];
const ENDED = ['canceled', 'incomplete_expired'];

/** A change of a subscription at Stripe. */
interface Change extends SubscriptionFields {
  readonly status: string;
  /** The seconds since the change before. */
  readonly after: number;
}

interface History {
  readonly changes: readonly Change[];
  /** The numbers of the changes in the order of their deliveries. */
  readonly deliveries: readonly number[];
}

const change = (minSeconds: number): fc.Arbitrary<Change> =>
  fc.record({
    status: fc.constantFrom(...LIVE, 'active', 'incomplete', 'unpaid', 'paused', ...ENDED, 'a_status_of_the_future'),
    quantity: fc.option(fc.integer({ min: 1, max: 3 })),
    price: fc.constantFrom('price_basic', 'price_plus'),
    cancel_at_period_end: fc.boolean(),
    after: fc.integer({ min: minSeconds, max: 2 }),
  });

/** Each change is delivered at least once, and some repeatedly, in any order. Some histories first arrive in order. */
const history = (minSeconds: number): fc.Arbitrary<History> =>
  fc.array(change(minSeconds), { minLength: 1, maxLength: 7 }).chain((changes) => {
    const numbers = changes.map((_, index) => index);
    const repeated = fc
      .subarray(numbers)
      .chain((more) => fc.shuffledSubarray([...numbers, ...more], { minLength: numbers.length + more.length }));
    const late = fc.subarray(numbers).chain((more) => fc.shuffledSubarray(more, { minLength: more.length }));
    const deliveries = fc.oneof(
      repeated,
      late.map((more) => [...numbers, ...more]),
    );
    return fc.record({ changes: fc.constant(changes), deliveries });
  });

const fieldsOf = ({ status, quantity, price, cancel_at_period_end }: Change): SubscriptionFields => ({
  status,
  quantity,
  price,
  cancel_at_period_end,
});

/** The transitions of states that are applied in turn, by the table of docs/billing.md. */
function transitionsOf(changes: readonly Change[]): string[] {
  let active: Change | undefined;
  return changes.flatMap((next) => {
    const before = active;
    if (!before) {
      if (!LIVE.includes(next.status)) return [];
      active = next;
      return ['subscription.activated'];
    }
    active = ENDED.includes(next.status) ? undefined : next;
    if (!active) return ['subscription.canceled'];
    return JSON.stringify(fieldsOf(before)) === JSON.stringify(fieldsOf(next)) ? [] : ['subscription.updated'];
  });
}

/** The changes that are newer than all that were delivered before them. */
function newestSoFar({ changes, deliveries }: History): Change[] {
  let newest = -1;
  return deliveries.flatMap((number) => {
    if (number <= newest) return [];
    newest = number;
    return [changes[number]!];
  });
}

describe('the webhooks of a subscription, repeated and out of order', () => {
  let stripe: StripeStub;
  let system: System;

  beforeAll(async () => {
    stripe = await StripeStub.start();
    system = await System.start({ worker: false, environment: billingEnvironment(stripe) });
  });
  afterAll(async () => {
    await system?.stop();
    await stripe?.stop();
  });

  /** The events of a history. The stub has the last state, because all deliveries come after the last change. */
  function eventsOf(customer: StripeCustomer, changes: readonly Change[]): StripeEvent[] {
    let created = START;
    stripe.subscriptions.set(customer.subscription, customer.object(fieldsOf(changes.at(-1)!)));
    return changes.map((one) => customer.event('updated', (created += one.after), fieldsOf(one)));
  }

  async function expectState(customer: StripeCustomer, last: Change): Promise<void> {
    const { status, price, quantity, cancel_at_period_end } = last;
    expect(await customer.row()).toMatchObject({ status, price_id: price, quantity, cancel_at_period_end });
  }

  /** Each event continues the one before, and has an audit entry. */
  async function expectCompleteTrace(customer: StripeCustomer): Promise<string[]> {
    const { events, actions } = await customer.trace();
    expect(events.map(({ event_type }) => event_type)).toEqual(actions);
    let active: Record<string, unknown> | undefined;
    for (const { event_type: type, data } of events) {
      if (type === 'subscription.activated') expect(active).toBeUndefined();
      else expect(active).toBeDefined();
      if (type === 'subscription.updated') {
        const { old } = data as { old: Record<string, unknown> };
        for (const [field, value] of Object.entries(old)) expect(active![field] ?? null).toEqual(value);
      }
      active = type === 'subscription.canceled' ? undefined : data;
    }
    return actions;
  }

  it('never overwrite a newer state, and leave the transitions of the events that were newer than all before them', async () => {
    await fc.assert(
      fc.asyncProperty(history(1), async (given) => {
        const customer = await StripeCustomer.link(system, 'acme');
        const events = eventsOf(customer, given.changes);
        await customer.deliver(...given.deliveries.map((number) => events[number]!));
        await expectState(customer, given.changes.at(-1)!);
        expect(await expectCompleteTrace(customer)).toEqual(transitionsOf(newestSoFar(given)));
      }),
      { numRuns: 60, seed: 37 },
    );
  });

  it('leave the newest state and a complete trace, also if events have the same second and some come before the checkout', async () => {
    const withCheckout = history(0).chain((given) =>
      fc.record({
        given: fc.constant(given),
        position: fc.option(fc.nat({ max: given.deliveries.length })),
        created: fc.nat({ max: 10 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(withCheckout, async ({ given, position, created }) => {
        const customer = await StripeCustomer.link(system, 'acme');
        const events = eventsOf(customer, given.changes);
        const deliveries = given.deliveries.map((number) => events[number]!);
        if (position !== null) {
          await system.query(`update organizations_organization set stripe_customer_id = null where slug = 'acme'`);
          deliveries.splice(position, 0, customer.checkout(START + created, { subscription: customer.subscription }));
        }
        await customer.deliver(...deliveries);
        await expectState(customer, given.changes.at(-1)!);
        await expectCompleteTrace(customer);
      }),
      { numRuns: 60, seed: 38 },
    );
  });

  it('have one effect each if all are delivered at the same time', async () => {
    await fc.assert(
      fc.asyncProperty(history(0), async (given) => {
        const customer = await StripeCustomer.link(system, 'acme');
        const events = eventsOf(customer, given.changes);
        await Promise.all(given.deliveries.map((number) => customer.deliver(events[number]!)));
        await expectState(customer, given.changes.at(-1)!);
        await expectCompleteTrace(customer);
        const receipts = await system.query('select from processed_webhook where event_id = any ($1)', [
          events.map(({ id }) => id),
        ]);
        expect(receipts).toHaveLength(events.length);
      }),
      { numRuns: 30, seed: 39 },
    );
  });
});
