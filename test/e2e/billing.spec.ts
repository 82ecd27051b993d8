import { randomUUID } from 'node:crypto';
import { stripeEvent, stripeSignature, StripeStub, stripeSubscription } from '../support/http/stripe.stub.js';
import { billingEnvironment, deliverWebhook, OLD_SECRET, SECRET, StripeCustomer } from '../support/system/billing.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com'; // an admin of acme
const CAROL = 'carol@example.com'; // a member of acme
const GINA = 'gina@example.com'; // an admin of globex
const T = 1_790_000_000; // seconds

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
beforeEach(() => {
  stripe.fault = undefined;
  stripe.reads.length = 0;
});

const customerOf = async (slug: string): Promise<unknown> =>
  (await system.query('select stripe_customer_id as id from organizations_organization where slug = $1', [slug]))[0]!['id'];

describe('a webhook of Stripe', () => {
  it('activates, updates and cancels a subscription, with one event and one audit entry each', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    expect(await acme.deliver(acme.event('created', T, { status: 'incomplete' }))).toEqual(['handled']);
    expect(await acme.trace()).toEqual({ events: [], actions: [] });
    expect(
      await acme.deliver(
        acme.event('updated', T + 1),
        acme.event('updated', T + 2, { quantity: 7 }),
        acme.event('trial_will_end', T + 3, { quantity: 7 }),
        acme.event('deleted', T + 4, { status: 'canceled', quantity: 7 }),
        acme.event('updated', T + 5, { status: 'canceled', quantity: 7 }),
      ),
    ).toEqual(['handled', 'handled', 'unchanged', 'handled', 'unchanged']);
    const state = {
      provider_id: acme.subscription,
      status: 'active',
      price_id: 'price_basic',
      quantity: 1,
      current_period_start: '2026-09-21T14:13:20.000Z',
      current_period_end: '2026-10-21T14:13:20.000Z',
      cancel_at_period_end: false,
    };
    expect(await acme.trace()).toEqual({
      events: [
        { event_type: 'subscription.activated', data: state },
        { event_type: 'subscription.updated', data: { ...state, quantity: 7, changed: ['quantity'], old: { quantity: 1 } } },
        { event_type: 'subscription.canceled', data: { ...state, quantity: 7, status: 'canceled' } },
      ],
      actions: ['subscription.activated', 'subscription.updated', 'subscription.canceled'],
    });
    expect(await acme.row()).toMatchObject({ status: 'canceled', is_active: false, version: T + 5 });
  });

  it('is seen in the audit log of the organization, with the old and new values', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    await acme.deliver(acme.event('created', T), acme.event('updated', T + 1, { price: 'price_plus' }));
    const log = await system.request('GET', '/admin/audit-logs?action=subscription.updated&limit=1', { as: ALICE });
    expect(log.body['data']).toEqual([
      expect.objectContaining({
        actor_id: 'stripe',
        diff: {
          old: expect.objectContaining({ price_id: 'price_basic' }),
          new: expect.objectContaining({ price_id: 'price_plus' }),
        },
      }),
    ]);
  });

  it('that activates a subscription is recorded with the whole state, also if an earlier one stored it as incomplete', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    await acme.deliver(acme.event('created', T, { status: 'incomplete' }), acme.event('updated', T + 1));
    const log = await system.request('GET', '/admin/audit-logs?action=subscription.activated&limit=1', { as: ALICE });
    expect(log.body['data']).toMatchObject([
      { diff: { old: null, new: { provider_id: acme.subscription, status: 'active', price_id: 'price_basic', quantity: 1 } } },
    ]);
  });

  it('is not applied if a newer one was applied before', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    expect(
      await acme.deliver(
        acme.event('updated', T + 10, { quantity: 3 }),
        acme.event('updated', T + 9, { quantity: 2 }),
        acme.event('created', T, { status: 'incomplete' }),
      ),
    ).toEqual(['handled', 'outdated', 'outdated']);
    expect(await acme.row()).toMatchObject({ status: 'active', quantity: 3, version: T + 10 });
    expect((await acme.trace()).actions).toEqual(['subscription.activated']);
    expect(stripe.reads).toEqual([]);
  });

  it('of the same second as an applied one makes the api read the current subscription from Stripe', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    await acme.deliver(acme.event('created', T, { quantity: 1 }));
    stripe.subscriptions.set(acme.subscription, acme.object({ quantity: 5 }));
    expect(await acme.deliver(acme.event('updated', T, { quantity: 2 }))).toEqual(['handled']);
    expect(stripe.reads).toEqual([acme.subscription]);
    expect(await acme.row()).toMatchObject({ quantity: 5 });
    // The read contains every event before it, so one that arrives late is ignored without another read.
    expect(await acme.deliver(acme.event('updated', T + 1, { quantity: 3 }))).toEqual(['outdated']);
    expect(await acme.row()).toMatchObject({ quantity: 5 });
  });

  it('of the second in which the subscription was read makes the api read it again', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    await acme.deliver(acme.event('created', T));
    stripe.subscriptions.set(acme.subscription, acme.object({ quantity: 5 }));
    await acme.deliver(acme.event('updated', T, { quantity: 2 }));
    stripe.subscriptions.set(acme.subscription, acme.object({ quantity: 6 }));
    const now = Math.floor(Date.now() / 1_000);
    expect(await acme.deliver(acme.event('updated', now, { quantity: 2 }))).toEqual(['handled']);
    expect(stripe.reads).toHaveLength(2);
    expect(await acme.row()).toMatchObject({ quantity: 6 });
    expect(await acme.deliver(acme.event('updated', now + 60, { quantity: 7 }))).toEqual(['handled']);
    expect(stripe.reads).toHaveLength(2);
    expect(await acme.row()).toMatchObject({ quantity: 7 });
  });

  it('answers 500 while Stripe cannot be read, and the retry is applied', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    await acme.deliver(acme.event('created', T));
    stripe.subscriptions.set(acme.subscription, acme.object({ quantity: 8 }));
    const tie = acme.event('updated', T, { quantity: 8 });
    for (const fault of [404, 400, 401] as const) {
      stripe.fault = fault;
      expect((await deliverWebhook(system, tie)).status).toBe(500);
    }
    stripe.fault = undefined;
    expect(await acme.deliver(tie, tie)).toEqual(['handled', 'duplicate']);
    expect(await acme.row()).toMatchObject({ quantity: 8 });
  });

  it('that two processes receive at once in the same second leaves the newest state', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    await acme.deliver(acme.event('created', T, { quantity: 1 }));
    stripe.subscriptions.set(acme.subscription, acme.object({ quantity: 2 }));
    let isFirst = true;
    stripe.onRead = async () => {
      if (!isFirst) return;
      isFirst = false; // the first reader has quantity 2, and waits until another delivery has stored quantity 3
      stripe.subscriptions.set(acme.subscription, acme.object({ quantity: 3 }));
      expect(await acme.deliver(acme.event('updated', T, { quantity: 3 }))).toEqual(['handled']);
    };
    try {
      await acme.deliver(acme.event('updated', T, { quantity: 2 }));
    } finally {
      stripe.onRead = () => Promise.resolve();
    }
    expect(await acme.row()).toMatchObject({ quantity: 3 });
    expect(stripe.reads).toHaveLength(2);
  });

  it.each([
    ['a type that the api does not use', () => stripeEvent('invoice.paid', T, { id: 'in_1', object: 'invoice' }), 'unknown_type'],
    [
      'an unknown customer',
      () => stripeEvent('customer.subscription.created', T, stripeSubscription('sub_x', 'cus_unknown')),
      'unknown_customer',
    ],
  ])('answers 200 to an event of %s', async (_, event, outcome) => {
    expect(await deliverWebhook(system, event())).toMatchObject({ status: 200, body: { outcome } });
  });

  it('of the other mode of Stripe than the API key changes nothing, although its signature is valid', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    expect(await acme.deliver({ ...acme.event('created', T), livemode: true })).toEqual(['other_mode']);
    expect(await acme.row()).toBeUndefined();
  });

  it('of an organization that was deleted is applied, so that its subscription ends here too', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    await acme.deliver(acme.event('created', T));
    await system.query(`update organizations_organization set deleted_at = now() where slug = 'acme'`);
    try {
      expect(await acme.deliver(acme.event('deleted', T + 1, { status: 'canceled' }))).toEqual(['handled']);
    } finally {
      await system.query(`update organizations_organization set deleted_at = null where slug = 'acme'`);
    }
    expect(await acme.row()).toMatchObject({ status: 'canceled', is_active: false });
    expect((await acme.trace()).actions).toEqual(['subscription.activated', 'subscription.canceled']);
  });

  it('reads the period of an event of an API version that has it on the subscription', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    const { items, ...object } = acme.object() as { items: { data: Record<string, unknown>[] } };
    const { current_period_start: start, current_period_end: end, ...item } = items.data[0]!;
    const old = { ...object, current_period_start: start, current_period_end: end, items: { data: [item] } };
    await acme.deliver(stripeEvent('customer.subscription.created', T, old));
    expect(await acme.row()).toMatchObject({ start });
  });
});

describe('the signature of Stripe', () => {
  const now = () => Math.floor(Date.now() / 1_000);
  const event = () => stripeEvent('invoice.paid', T, { object: 'invoice', name: `Zoë ${randomUUID()}` });

  it.each([
    ['of the new secret', [SECRET]],
    ['of the old secret, while it is rotated', [OLD_SECRET]],
    ['of an unknown and a known secret', ['whsec_unknown', SECRET]],
  ])('is accepted if it is %s', async (_, secrets) => {
    expect((await deliverWebhook(system, event(), { secrets })).status).toBe(200);
  });

  it.each([
    ['signature_invalid', 'of an unknown secret', { secrets: ['whsec_unknown'] }],
    ['signature_missing', 'empty', { headers: { 'stripe-signature': '' } }],
    ['signature_invalid', 'not in the form of Stripe', { headers: { 'stripe-signature': 'x'.repeat(5_000) } }],
    ['signature_invalid', 'of the scheme v0 alone', { headers: { 'stripe-signature': 't=1,v0=abc' } }],
    ['timestamp_out_of_tolerance', 'older than five minutes', { timestamp: now() - 310 }],
  ] as const)('is refused as %s if it is %s', async (reason, _, options) => {
    const one = event();
    const answer = await deliverWebhook(system, one, options);
    expect(answer).toMatchObject({ status: 400, body: { type: 'urn:pikaia:problem:bad-request' } });
    const id = answer.headers.get('x-correlation-id');
    const lines = () => system.api.lines.filter((line) => line['trace_id'] === id);
    await waitFor('the access line', () => lines().some((line) => line['event'] === 'request_completed'));
    expect(lines().filter((line) => line['event'] === 'webhook_refused')).toEqual([
      expect.objectContaining({ 'webhook.source': 'stripe', 'webhook.reason': reason, level: 'WARNING' }),
    ]);
    expect(JSON.stringify(lines())).not.toContain(one.data.object['name']);
    expect((await deliverWebhook(system, one)).status).toBe(200); // nothing was stored
  });

  it('covers each byte of the body', async () => {
    const body = JSON.stringify(event());
    const header = stripeSignature(body, [SECRET]);
    for (const changed of [`${body} `, body.replace('Zoë', 'Zoe'), body.replace('"', '" ')]) {
      const answer = await system.request('POST', '/billing/webhook', {
        body: changed,
        headers: { 'stripe-signature': header },
      });
      expect(answer.status).toBe(400);
    }
  });

  it.each(['not JSON', 'null', '[]', '{"id":"evt_1"}', '{"object":"v2.core.event","id":"evt_1"}'])(
    'does not make %s an event',
    async (body) => {
      expect((await deliverWebhook(system, body)).status).toBe(400);
    },
  );
});

describe('a completed checkout', () => {
  const unlink = (slug: string) =>
    system.query('update organizations_organization set stripe_customer_id = null where slug = $1', [slug]);

  it.each([
    ['client_reference_id', (id: string) => ({ client_reference_id: id })],
    ['metadata', (id: string) => ({ client_reference_id: null, metadata: { organization_id: id.toUpperCase() } })],
  ])('links the customer to the organization that %s names', async (_, reference) => {
    const acme = await StripeCustomer.link(system, 'acme');
    await unlink('acme');
    const checkout = acme.checkout(T, reference(acme.organizationId));
    expect(await acme.deliver(checkout, checkout)).toEqual(['handled', 'duplicate']);
    expect(await customerOf('acme')).toBe(acme.id);
    expect(await acme.deliver({ ...checkout, id: `evt_${randomUUID()}` })).toEqual(['unchanged']);
    const entries = await system.query(
      `select actor_id from audit.record where action = 'organization.billing_linked' and aggregate_id = $1 and entry like $2`,
      [acme.organizationId, `%${acme.id}%`],
    );
    expect(entries).toEqual([{ actor_id: 'stripe' }]);
  });

  it('applies the current subscription, whose events came before the customer was known', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    await unlink('acme');
    expect(await acme.deliver(acme.event('created', T), acme.event('updated', T + 1, { quantity: 4 }))).toEqual([
      'unknown_customer',
      'unknown_customer',
    ]);
    stripe.subscriptions.set(acme.subscription, acme.object({ quantity: 4 }));
    expect(await acme.deliver(acme.checkout(T, { subscription: acme.subscription }))).toEqual(['handled']);
    expect(await acme.row()).toMatchObject({ status: 'active', quantity: 4 });
    expect((await acme.trace()).actions).toEqual(['subscription.activated']);
  });

  it('never replaces the customer of an organization', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    const checkout = acme.checkout(T, { customer: 'cus_other', subscription: 'sub_other' });
    expect(await acme.deliver(checkout)).toEqual(['conflict']);
    // Someone has paid for nothing, so the line is among the errors.
    await waitFor('the line', () =>
      system.api.linesOf('billing_conflict').some((line) => line['billing.customer'] === 'cus_other'),
    );
    expect(system.api.linesOf('billing_conflict').map(({ level }) => level)).toEqual(['ERROR']);
    expect(await customerOf('acme')).toBe(acme.id);
    expect(stripe.reads).toEqual([]);
    await unlink('acme'); // what an operator does before the event is sent again
    stripe.subscriptions.set('sub_other', stripeSubscription('sub_other', 'cus_other'));
    expect(await acme.deliver(checkout, checkout)).toEqual(['handled', 'duplicate']);
    expect(await customerOf('acme')).toBe('cus_other');
  });

  it('never takes the customer of another organization, nor its subscription', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    await acme.deliver(acme.event('created', T));
    const globex = await StripeCustomer.link(system, 'globex');
    await unlink('globex');
    expect(await acme.deliver(globex.checkout(T, { customer: acme.id, subscription: acme.subscription }))).toEqual(['conflict']);
    expect([await customerOf('acme'), await customerOf('globex')]).toEqual([acme.id, null]);
    const other = `cus_${randomUUID()}`;
    await StripeCustomer.link(system, 'globex', other);
    const moved = stripeEvent('customer.subscription.updated', T + 1, stripeSubscription(acme.subscription, other));
    expect(await acme.deliver(moved)).toEqual(['conflict']);
    expect(await acme.row()).toMatchObject({ version: T });
  });

  it.each([
    ['no organization', () => ({ client_reference_id: null })],
    ['an unknown organization', () => ({ client_reference_id: randomUUID() })],
    ['a text that is not an id', () => ({ client_reference_id: "'; drop table" })],
    ['two organizations', () => ({ metadata: { organization_id: randomUUID() } })],
  ])('with %s changes nothing', async (_, fields) => {
    const acme = await StripeCustomer.link(system, 'acme');
    await unlink('acme');
    expect(await acme.deliver(acme.checkout(T, fields()))).toEqual(['unknown_customer']);
    expect(await customerOf('acme')).toBeNull();
  });

  it('for an organization that was deleted changes nothing', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    await system.query(`update organizations_organization set deleted_at = now() where slug = 'acme'`);
    try {
      expect(await acme.deliver(acme.checkout(T, { customer: 'cus_new' }))).toEqual(['unknown_customer']);
    } finally {
      await system.query(`update organizations_organization set deleted_at = null where slug = 'acme'`);
    }
  });
});

describe('GET /billing/subscription', () => {
  it('shows the subscription to every member of the organization, and to nobody else', async () => {
    await system.query('delete from subscription');
    expect((await system.request('GET', '/billing/subscription', { as: CAROL })).status).toBe(404);
    const acme = await StripeCustomer.link(system, 'acme');
    const ended = await StripeCustomer.link(system, 'acme', acme.id);
    await acme.deliver(acme.event('created', T, { quantity: null }));
    await ended.deliver(ended.event('deleted', T + 1, { status: 'canceled' }));
    expect(await system.request('GET', '/billing/subscription', { as: CAROL })).toMatchObject({
      status: 200,
      body: {
        status: 'active',
        is_active: true,
        price_id: 'price_basic',
        quantity: null,
        current_period_end: '2026-10-21T14:13:20.000Z',
        cancel_at_period_end: false,
      },
    });
    expect((await system.request('GET', '/billing/subscription', { as: GINA })).status).toBe(404);
    expect((await system.request('GET', '/billing/subscription')).status).toBe(401);
    expect((await system.request('GET', '/billing/subscription', { as: 'olga@example.com' })).status).toBe(403);
  });
});

describe('an api in production without the secrets of Stripe', () => {
  it('responds 404 to the webhook, also to the secret of development, and says so when it starts', async () => {
    const api = await system.startApi({
      NODE_ENV: 'production',
      STRIPE_WEBHOOK_SECRETS: '',
      STRIPE_API_KEY: '',
      SESSION_JWKS_URL: stripe.url,
      SESSION_ISSUER: 'issuer',
      SESSION_AUDIENCE: 'audience',
      CURSOR_SECRET: 'a secret of the tests, long enough for it',
    });
    expect(api.linesOf('billing_disabled')).toEqual([expect.objectContaining({ level: 'WARNING' })]);
    const answer = await deliverWebhook(system, stripeEvent('invoice.paid', T, {}), { secrets: ['whsec_development'] });
    expect(answer.status).toBe(404);
  });
});
