import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { System } from '../support/system/system.js';
import { pollUntil, waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com'; // an admin of acme
const OLGA = 'olga@example.com'; // an operator
const SINK = 'local/welcome-email';
const ADMIN = '/admin/audit-logs';

let system: System;
let hostilePort: number;
let plainPort: number; // the port of an api with an unchanged pg

const post = (path: string, as: string, body?: object) =>
  system.request('POST', path, { as, ...(body !== undefined && { body }), port: hostilePort });
const get = (path: string, as = OLGA, port = hostilePort) => system.request('GET', path, { as, port });

beforeAll(async () => {
  const preload = `--require=${resolve(__dirname, '../support/database/hostile-parsers.cjs')}`;
  system = await System.start({
    environment: { NODE_OPTIONS: preload, PIKAIA_HOSTILE_PARSERS: 'those of an application with TypeORM' },
  });
  hostilePort = system.api.port;
  plainPort = (await system.startApi({ NODE_OPTIONS: '', PIKAIA_HOSTILE_PARSERS: '' })).port;
});
afterAll(() => system.stop());

async function invite(): Promise<{ event: string; member: string; correlation: string }> {
  const answer = await post('/members/invitations', ALICE, { email: `${randomUUID()}@example.com`, role: 'member' });
  expect(answer.status).toBe(201);
  const member = String(answer.body['id']);
  const found = await get(`/admin/events?aggregate_id=${member}`, ALICE);
  const [event] = found.body['data'] as { event_id: string; correlation_id: string }[];
  return { event: event!.event_id, member, correlation: event!.correlation_id };
}

const isPublished = (event: string) =>
  pollUntil(async () => (await get(`/admin/events/${event}`)).body['status'] === 'published');

async function waitForCommand(path: string, body?: object): Promise<string> {
  const asked = await post(path, OLGA, body);
  expect(asked.status).toBe(202);
  const id = String(asked.body['id']);
  await waitFor('the result of the command', async () => (await get(`/admin/outbox/commands/${id}`)).body['status'] === 'done');
  return id;
}

describe('api and worker in processes that replace the type parsers of pg', () => {
  it('respond to every read as processes with an unchanged pg do', async () => {
    const { event, member, correlation } = await invite();
    await isPublished(event);
    expect(
      (await system.request('PATCH', `/members/${member}`, { as: ALICE, body: { role: 'admin' }, port: hostilePort })).status,
    ).toBe(200);
    const command = await waitForCommand(`/admin/events/${event}/replay`);
    await system.query(
      `insert into outbox.outbox_attempt (sink, event_id, attempted_at, error, fingerprint) values ($1, $2, now(), 'mailbox', 'f')`,
      [SINK, event],
    );
    await system.query(
      `insert into outbox.outbox_delivery (sink, event_id, position, status, attempts, next_attempt_at, last_error, event_type,
         schema_version, aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at, payload)
       select $1, event_id, position, 'published', 3, now(), 'mailbox', event_type, schema_version, aggregate_type, aggregate_id,
         organization_id, correlation_id, occurred_at, payload from outbox.outbox_log where event_id = $2`,
      [SINK, event],
    );
    const to = new Date().toISOString(); // reads create audit entries as well
    const [entry] = (await get(`${ADMIN}?action=member.invited`, ALICE)).body['data'] as { id: string }[];

    for (const [path, as] of [
      [`${ADMIN}?limit=2&to=${to}`, OLGA],
      [`${ADMIN}?action=member.*&to=${to}`, ALICE],
      [`${ADMIN}?changed=role&to=${to}`, ALICE],
      [`${ADMIN}?aggregate_type=member&aggregate_id=${member}`, ALICE],
      [`${ADMIN}/${entry!.id}`, ALICE],
      ['/admin/events?limit=1', ALICE],
      ['/admin/events', OLGA],
      ['/admin/events?error=mailbox', OLGA],
      [`/admin/events/${event}`, ALICE],
      [`/admin/correlations/${correlation}`, ALICE],
      ['/admin/outbox', OLGA],
      ['/admin/outbox/commands', OLGA],
      [`/admin/outbox/commands/${command}`, OLGA],
      ['/me', ALICE],
      ['/members', ALICE],
      [`/members/${member}`, ALICE],
    ] as const) {
      const [hostile, plain] = [await get(path, as), await get(path, as, plainPort)];
      expect({ path, status: hostile.status, body: withoutChangingValues(hostile.body) }).toEqual({
        path,
        status: 200,
        body: withoutChangingValues(plain.body),
      });
      expect(JSON.stringify(plain.body).length).toBeGreaterThan(50);
    }
  });

  it('deliver each event once, even after a restart of the worker', async () => {
    const first = await invite();
    await isPublished(first.event);
    await system.worker.stop();
    const second = await invite();
    const worker = await system.startWorker();
    await isPublished(second.event);
    const deliveries = system.lines
      .filter(({ event, consumer }) => event === 'event_delivered' && consumer === 'welcome-email')
      .map((line) => line['event.id']);
    expect(deliveries.filter((id) => id === first.event || id === second.event)).toEqual([first.event, second.event]);
    expect((await system.request('GET', '/health/ready', { port: worker.port })).status).toBe(200);
    expect(system.services.flatMap(({ lines }) => lines.filter(({ level }) => level === 'ERROR'))).toEqual([]);
  });

  it('pause a sink, count the events of a replay, and list the commands', async () => {
    await waitForCommand(`/admin/outbox/sinks/${SINK}/pause`);
    await waitForCommand(`/admin/outbox/sinks/${SINK}/resume`);
    const id = await waitForCommand('/admin/events/replay', { filter: { event_type: 'member.invited' } });
    const { body } = await get(`/admin/outbox/commands/${id}`);
    const counted = expect.objectContaining({
      sink: SINK,
      answer: expect.objectContaining({ dry_run: true, matched: expect.any(Number) }),
    });
    expect(body['sinks']).toEqual(expect.arrayContaining([counted]));
  });
});

/** Fields whose values differ between two requests. `rows` is an estimate from the statistics of the server. */
const CHANGING_FIELDS = new Set(['next_cursor', 'last_stored_at', 'accepted_last_minute', 'rows', 'bytes']);

/** Replaces the values of changing fields in a body by their types. */
const withoutChangingValues = (body: object): unknown =>
  JSON.parse(JSON.stringify(body, (key, value: unknown) => (CHANGING_FIELDS.has(key) ? typeof value : value)));
