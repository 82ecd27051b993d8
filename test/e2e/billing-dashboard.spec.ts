import { StripeStub } from '../support/http/stripe.stub.js';
import { billingEnvironment, StripeCustomer } from '../support/system/billing.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const OLGA = 'olga@example.com'; // an operator
const SINK = 'local/billing-dashboard';
const T = 1_790_000_000; // seconds

describe('the billing dashboard', () => {
  let stripe: StripeStub;
  let system: System;

  beforeAll(async () => {
    stripe = await StripeStub.start();
    system = await System.start({ environment: billingEnvironment(stripe) });
  });
  afterAll(async () => {
    await system?.stop();
    await stripe?.stop();
  });

  const rows = (): Promise<Record<string, unknown>[]> => system.query('select * from billing_dashboard order by subscription_id');

  it('has each subscription as its last event says, and the same rows after replays into the empty and into the full table', async () => {
    const [acme, globex] = [await StripeCustomer.link(system, 'acme'), await StripeCustomer.link(system, 'globex')];
    await acme.deliver(acme.event('created', T), acme.event('updated', T + 1, { quantity: 4, cancel_at_period_end: true }));
    await globex.deliver(
      globex.event('created', T, { status: 'trialing', quantity: null }),
      globex.event('updated', T + 1, { status: 'past_due', price: 'price_plus', quantity: null }),
      globex.event('deleted', T + 2, { status: 'canceled', price: 'price_plus', quantity: null }),
    );
    await waitFor('both rows', async () => {
      const all = await rows();
      return all.some(({ quantity }) => quantity === 4) && all.some(({ status }) => status === 'canceled');
    });
    const before = await rows();
    const ofOrganization = (id: string) => before.find(({ organization_id }) => organization_id === id);
    expect(before).toHaveLength(2);
    expect(ofOrganization(acme.organizationId)).toMatchObject({
      is_active: true,
      status: 'active',
      price_id: 'price_basic',
      quantity: 4,
      cancel_at_period_end: true,
      current_period_end: new Date('2026-10-21T14:13:20.000Z'),
    });
    expect(ofOrganization(globex.organizationId)).toMatchObject({ is_active: false, price_id: 'price_plus', quantity: null });
    await system.query('truncate billing_dashboard');
    for (const _table of ['empty', 'full']) {
      const asked = await system.request('POST', '/admin/events/replay', {
        as: OLGA,
        body: { sink: SINK, dry_run: false, filter: { from: '2020-01-01T00:00:00Z' } },
      });
      expect(asked.status).toBe(202);
      const path = `/admin/outbox/commands/${String(asked.body['id'])}`;
      await waitFor('the replay', async () => (await system.request('GET', path, { as: OLGA })).body['status'] === 'done');
      expect(await rows()).toEqual(before);
    }
  });
});
