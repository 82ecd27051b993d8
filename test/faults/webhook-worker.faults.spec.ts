import { migrateSchema } from '../../apps/api/src/database/schema.js';
import { startDatabaseServer, type TestDatabaseServer } from '../support/database/database-server.js';
import { verifyWebhook, WebhookReceiver } from '../support/http/webhook.receiver.js';
import { System } from '../support/system/system.js';
import { WebhookAdmin } from '../support/system/webhook-endpoints.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com';
const GINA = 'gina@example.com';

/** The built worker, whose process and database fail while it sends webhooks. */
describe('a worker that sends webhooks', () => {
  let database: TestDatabaseServer;
  let receiver: WebhookReceiver;
  let system: System;
  let admin: WebhookAdmin;

  beforeAll(async () => {
    receiver = await new WebhookReceiver().listen();
    database = await startDatabaseServer({ migrate: migrateSchema });
    // A worker that used this proxy would reach no receiver.
    const proxy = { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9', NODE_USE_ENV_PROXY: '1' };
    system = await System.start({ database, environment: { OUTBOX_POLL_INTERVAL_MS: '200' }, worker: false });
    await system.startWorker(proxy);
    admin = new WebhookAdmin(system, ALICE);
  });
  afterAll(async () => {
    await system.stop();
    await receiver.stop();
  });

  const deliveriesTo = async (id: string, query = 'limit=100') =>
    (await admin.deliveriesOf(id, query)) as unknown as (Record<string, unknown> & { event_id: string; status: string })[];
  const invite = (email: string, as = ALICE) =>
    system.request('POST', '/members/invitations', { as, body: { email, role: 'member' } });

  it('sends a delivery again with the same id if it is killed between the response and the record of it', async () => {
    const { id, secret } = await admin.register({ url: `${receiver.url}/killed`, event_types: ['member.invited'] });
    await system.query(
      'create function hold_attempt() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(40); return new; end $$',
    );
    await system.query(
      'create trigger hold_attempt before insert on webhook_attempt for each row execute function hold_attempt()',
    );
    await system.query('select pg_advisory_lock(40)');
    await invite('killed@example.com');
    const blocked = await waitFor('the record waits', async () => {
      const waiting = `select pid from pg_stat_activity where wait_event_type = 'Lock' and query like '%insert into webhook_attempt%'`;
      return (await system.query<{ pid: number }>(waiting))[0];
    });
    await system.worker.kill();
    await system.query('select pg_terminate_backend($1, 10000)', [blocked.pid]);
    await system.query('drop trigger hold_attempt on webhook_attempt');
    await system.query('select pg_advisory_unlock_all()');
    expect(await deliveriesTo(id)).toEqual([expect.objectContaining({ status: 'pending', attempt_count: 0 })]);
    await system.startWorker();
    await system.query(`update webhook_delivery set next_attempt_at = now(), claimed_until = now() where endpoint_id = $1`, [id]);
    const delivered = await waitFor('the second attempt', async () => (await deliveriesTo(id, 'status=delivered'))[0]);
    const received = receiver.at('/killed');
    expect(received.map((webhook) => webhook.id)).toEqual([delivered.event_id, delivered.event_id]);
    for (const webhook of received) verifyWebhook(webhook, secret);
  });

  it('delivers everything if the database restarts meanwhile, and records each delivery', async () => {
    const { id } = await admin.register({ url: `${receiver.url}/restarted`, event_types: ['member.invited'] });
    const people = Array.from({ length: 40 }, (_, number) => `restarted-${number}@example.com`);
    const invited = Promise.withResolvers<void>();
    receiver.respondWith('/restarted', async (response) => {
      await invited.promise;
      if (receiver.at('/restarted').length === 15) await database.server.restart();
      response.end();
    });
    for (const email of people) expect((await invite(email)).status).toBe(201);
    invited.resolve();
    const deliveries = await waitFor(
      'the deliveries',
      async () => {
        const found = await deliveriesTo(id); // undefined while the api has no connection
        return found?.length === people.length && found.every(({ status }) => status === 'delivered') && found;
      },
      120_000,
    );
    const ids = receiver.at('/restarted').map((webhook) => webhook.id);
    expect(new Set(ids)).toEqual(new Set(deliveries.map(({ event_id: event }) => event)));
    expect(ids.length).toBeLessThanOrEqual(people.length + 5); // only what was in flight can repeat
    expect(system.worker.linesOf('webhook_result_lost')).toEqual([]);
  });

  it('answers in the timeline of the correlation id whether the webhook arrived', async () => {
    const { id } = await admin.register({ url: `${receiver.url}/timeline`, event_types: ['member.invited'] });
    receiver.respondWith('/timeline', (response) => response.writeHead(503).end());
    const correlation = (await invite('timeline@example.com')).headers.get('x-correlation-id')!;
    const entriesFor = async (as: string) =>
      (await system.request('GET', `/admin/correlations/${correlation}`, { as })).body['entries'] as Record<string, unknown>[];
    const of = (entries: Record<string, unknown>[]) =>
      entries.filter(({ kind, endpoint_id: endpoint }) => String(kind).startsWith('webhook') && endpoint === id);
    await waitFor('the attempt', async () => of(await entriesFor(ALICE)).length === 2);
    expect(of(await entriesFor(ALICE))).toEqual([
      expect.objectContaining({ kind: 'webhook', event_type: 'member.invited', status: 'pending', attempt_count: 1 }),
      expect.objectContaining({ kind: 'webhook_attempt', number: 1, response_status: 503, error_code: 'status' }),
    ]);
    expect(of(await entriesFor('olga@example.com'))).toHaveLength(2);
    expect(await entriesFor(GINA)).toEqual([]);
    const line = await waitFor('the line', () =>
      system.worker.linesOf('webhook_attempt_failed').find((one) => one['trace_id'] === correlation),
    );
    expect(line).toMatchObject({
      level: 'WARNING',
      'webhook.endpoint_id': id,
      'webhook.status': 503,
      'webhook.delivery_status': 'pending',
    });
    expect(JSON.stringify(line)).not.toContain('timeline@example.com');
  });

  it('finishes the attempts in flight when it stops', async () => {
    const { id } = await admin.register({ url: `${receiver.url}/stopped`, event_types: ['member.invited'] });
    const arrived = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    receiver.respondWith('/stopped', async (response) => (arrived.resolve(), await finish.promise, response.end()));
    await invite('stopped@example.com');
    await arrived.promise;
    const stopped = system.worker.stop();
    finish.resolve();
    expect(await stopped).toBe(0);
    expect(await deliveriesTo(id)).toEqual([expect.objectContaining({ status: 'delivered', attempt_count: 1 })]);
    expect(receiver.at('/stopped')).toHaveLength(1);
  });
});

describe('a worker in production', () => {
  it('sends nothing to the loopback network', async () => {
    const receiver = await new WebhookReceiver().listen();
    const WEBHOOK_SECRET_KEYS = 'a key of these tests for the secrets of webhooks';
    const system = await System.start({ worker: false, environment: { WEBHOOK_SECRET_KEYS } });
    try {
      const admin = new WebhookAdmin(system, ALICE);
      const { id } = await admin.register({ url: `${receiver.url}/production`, event_types: ['member.invited'] });
      await system.startWorker({ NODE_ENV: 'production', MAIL_TRANSPORT: 'file' });
      await invitePerson(system);
      const [delivery] = await waitFor('the attempt', async () => {
        const found = await admin.deliveriesOf(id);
        return (found[0] as unknown as { attempt_count: number } | undefined)?.attempt_count === 1 && found;
      });
      expect(delivery).toMatchObject({ status: 'pending', error_code: 'address-refused' });
      expect(receiver.received).toEqual([]);
    } finally {
      await system.stop();
      await receiver.stop();
    }
  });
});

const invitePerson = (system: System) =>
  system.request('POST', '/members/invitations', { as: ALICE, body: { email: 'production@example.com', role: 'member' } });
