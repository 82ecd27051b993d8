import { StripeStub } from '../support/http/stripe.stub.js';
import { billingEnvironment, deliverWebhook, StripeCustomer } from '../support/system/billing.js';
import { connect } from '../support/database/database.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const T = 1_790_000_000; // seconds

describe('a webhook of Stripe under faults', () => {
  let stripe: StripeStub;
  let system: System;

  beforeAll(async () => {
    stripe = await StripeStub.start();
    system = await System.start({ worker: false, environment: billingEnvironment(stripe) });
    await system.query(
      `create function wait_for_test() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock(37); return null; end'`,
    );
    await system.query(
      'create constraint trigger wait_for_test after insert or update on subscription deferrable initially deferred for each row execute function wait_for_test()',
    );
  });
  afterAll(async () => {
    await system?.stop();
    await stripe?.stop();
  });

  const sessionIn = (query: string) =>
    waitFor(
      'the session waits',
      async () =>
        (
          await system.query<{ pid: number }>(
            `select pid from pg_stat_activity where application_name = 'pikaia-api' and wait_event_type = 'Lock' and query like $1
             and datname = current_database()`,
            [`%${query}%`],
          )
        )[0]?.pid,
    );

  it('has its effect once if the api is killed between the effect and the answer, and the provider delivers it again', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    const event = acme.event('created', T);
    const holder = await connect(system.database.ownerUrl);
    await holder.query('select pg_advisory_lock(37)');
    const cut = expect(deliverWebhook(system, event)).rejects.toThrow();
    const pid = await sessionIn('COMMIT');
    await system.api.kill();
    await cut;
    await holder.end();
    await waitFor('the server has committed', async () => {
      const alive = await system.query('select from pg_stat_activity where pid = $1', [pid]);
      return alive.length === 0;
    });
    expect((await acme.trace()).actions).toEqual(['subscription.activated']);
    await system.startApi();
    expect(await acme.deliver(event)).toEqual(['duplicate']);
    expect(await acme.trace()).toMatchObject({ events: [expect.anything()], actions: ['subscription.activated'] });
  });

  it('has its effect once if the api is killed before the commit, and the provider delivers it again', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    const event = acme.event('created', T);
    const holder = await connect(system.database.ownerUrl);
    await holder.query('begin; lock table subscription in share mode');
    const cut = expect(deliverWebhook(system, event)).rejects.toThrow();
    const pid = await sessionIn('INSERT INTO "subscription"');
    await system.api.kill();
    await cut;
    await holder.end();
    await waitFor('the server has noticed', async () => {
      const alive = await system.query('select from pg_stat_activity where pid = $1', [pid]);
      return alive.length === 0;
    });
    expect(await acme.row()).toBeUndefined();
    await system.startApi();
    expect(await acme.deliver(event, event)).toEqual(['handled', 'duplicate']);
    expect((await acme.trace()).actions).toEqual(['subscription.activated']);
  });

  it('answers an error while Stripe does not respond, holds no transaction meanwhile, and the retry succeeds', async () => {
    const acme = await StripeCustomer.link(system, 'acme');
    await acme.deliver(acme.event('created', T));
    stripe.subscriptions.set(acme.subscription, acme.object({ quantity: 9 }));
    stripe.fault = 'silent';
    stripe.reads.length = 0;
    const tie = acme.event('updated', T, { quantity: 9 });
    const answer = deliverWebhook(system, tie);
    await waitFor('the read', () => stripe.reads.length > 0);
    expect(
      await system.query(
        `select from pg_stat_activity where state = 'idle in transaction' and application_name = 'pikaia-api' and datname = current_database()`,
      ),
    ).toEqual([]);
    expect((await answer).status).toBe(500);
    stripe.fault = undefined;
    expect(await acme.deliver(tie)).toEqual(['handled']);
    expect(await acme.row()).toMatchObject({ quantity: 9 });
  });
});
