import { newId } from '@pikaia/core';
import { System, type ApiResponse } from '../support/system/system.js';
import { pollUntil, waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com'; // an admin of acme
const GINA = 'gina@example.com'; // an admin of globex
const OLGA = 'olga@example.com'; // an operator
const SINK = 'local/welcome-email';
const FINGERPRINT = 'aaaaaaaaaaaaaaaa';

let system: System;

const get = (path: string, as = OLGA) => system.request('GET', path, { as });
const post = (path: string, as: string, body: object = {}) => system.request('POST', path, { as, body });
const dataOf = <T = Record<string, unknown>>({ body }: ApiResponse) => body['data'] as T[];
const ended = (id: unknown) =>
  waitFor('the end of the command', async () => {
    const { body } = await get(`/admin/outbox/commands/${String(id)}`);
    return !['pending', 'running'].includes(String(body['status'])) && body;
  });

beforeAll(async () => {
  system = await System.start({ environment: { OUTBOX_POLL_INTERVAL_MS: '200' } });
  for (const [as, count] of [
    [ALICE, 3],
    [GINA, 1],
  ] as const)
    for (let i = 0; i < count; i++) await post('/members/invitations', as, { email: `${newId()}@example.com`, role: 'member' });
  await pollUntil(async () => dataOf(await get(`/admin/events?sink=${SINK}&status=published`)).length === 4);
  // The welcome emails of two events of acme and one of globex become dead letters.
  await system.query(
    `insert into outbox.outbox_delivery (sink, event_id, position, status, attempts, last_error, fingerprint, event_type, schema_version,
       aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at, payload)
     select $1, event_id, position, 'failed', 10, 'the mailbox of ' || (payload #>> '{data,email}') || ' is full', $2, event_type, schema_version,
       aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at, payload
     from outbox.outbox_log where event_type = 'member.invited' order by position desc limit 3`,
    [SINK, FINGERPRINT],
  );
});
afterAll(() => system.stop());

interface Overview {
  readonly sinks: readonly { readonly name: string; readonly failed: number; readonly lists: { readonly failed: string } }[];
  readonly throughput: readonly { readonly sink: string; readonly accepted: readonly number[] }[];
  readonly failures: readonly { readonly count: number; readonly list: string; readonly example: { readonly error: string } }[];
}
const overview = async () => (await get('/admin/overview')).body as unknown as Overview;

describe('GET /admin/overview', () => {
  it('counts dead letters and groups of failures, and each number has a list with as many events', async () => {
    const { sinks, failures } = await overview();
    const sink = sinks.find(({ name }) => name === SINK)!;
    expect(sink.failed).toBe(3);
    expect(failures).toMatchObject([
      { sink: SINK, status: 'failed', event_type: 'member.invited', fingerprint: FINGERPRINT, count: 3, is_capped: false },
    ]);
    for (const path of [sink.lists.failed, failures[0]!.list])
      expect(dataOf(await get(path.replace('/api/v1', '')))).toHaveLength(3);
  });

  it('shows the throughput of the last hour', async () => {
    const { throughput } = await overview();
    const { accepted } = throughput.find(({ sink }) => sink === SINK)!;
    expect([accepted.length, accepted.reduce((sum, count) => sum + count, 0)]).toEqual([60, 4]);
  });

  it('shows no personal data in the example of a failure', async () => {
    const { failures } = await overview();
    expect(failures[0]!.example.error).toBe('the mailbox of [masked] is full');
  });

  it('shows an admin the events of the organization in the last hour, and no sinks', async () => {
    const { body } = await get('/admin/overview', ALICE);
    expect(body).toMatchObject({ sinks: [], throughput: [], failures: [], has_more_failures: false });
    const { since, published, failed_attempts: failed } = body['organization'] as Record<string, readonly number[]>;
    expect([published!.length, published!.reduce((sum, count) => sum + count, 0), failed!.length]).toEqual([60, 3, 60]);
    expect(body['since']).toBe(since);
    expect((await get('/admin/overview')).body['organization']).toBeNull();
  });

  it('is refused for members', async () => {
    expect((await get('/admin/overview', 'carol@example.com')).status).toBe(403);
  });
});

describe('GET /admin/events/count', () => {
  it.each([
    [`fingerprint=${FINGERPRINT}`, OLGA, 3],
    [`fingerprint=${FINGERPRINT}`, ALICE, 2],
    [`fingerprint=${FINGERPRINT}`, GINA, 1],
    [`sink=${SINK}&status=published`, OLGA, 1],
    ['event_type=member.invited', ALICE, 3],
    ['event_type=member.joined', ALICE, 0],
  ])('counts the events that match %s for %s', async (filter, as, count) => {
    expect((await get(`/admin/events/count?${filter}`, as)).body).toEqual({ count, is_capped: false });
  });

  it('counts the events of an actor', async () => {
    const { body } = await get('/me', ALICE);
    expect((await get(`/admin/events/count?actor_id=${String(body['id'])}`)).body).toEqual({ count: 3, is_capped: false });
  });

  it('refuses another organization, a page and an invalid fingerprint', async () => {
    const { body } = await get('/me', GINA);
    expect((await get(`/admin/events/count?organization_id=${String(body['organization_id'])}`, ALICE)).status).toBe(403);
    for (const query of ['limit=1', 'fingerprint=%27', 'fingerprint=aaaaaaaaaaaaaaaaa'])
      expect((await get(`/admin/events/count?${query}`)).status).toBe(422);
  });
});

describe('a replay of all events that match', () => {
  it('of an admin counts and retries only the dead letters of the organization, and records the reason', async () => {
    const filter = { fingerprint: FINGERPRINT };
    const counted = await ended((await post('/admin/events/replay', ALICE, { filter, sink: SINK })).body['id']);
    expect(counted).toMatchObject({ reason: null, sinks: [{ answer: { dry_run: true, matched: 2 } }] });
    expect((await get(`/admin/events/count?fingerprint=${FINGERPRINT}&status=failed`)).body['count']).toBe(3);
    const reason = 'The mailbox has space again: größer.';
    const asked = await post('/admin/events/replay', ALICE, { filter, sink: SINK, dry_run: false, rate: 50, reason });
    expect(asked).toMatchObject({ status: 202, body: { reason } });
    expect(await ended(asked.body['id'])).toMatchObject({ reason, sinks: [{ answer: { matched: 2, dead_letters: 2 } }] });
    await pollUntil(async () => (await get('/admin/events/count?status=failed')).body['count'] === 1);
    const entries = dataOf(await get(`/admin/audit-logs?aggregate_type=events&aggregate_id=${String(asked.body['id'])}`, ALICE));
    expect(entries).toMatchObject([{ action: 'events.replay_requested', diff: { new: { reason } } }]);
  });

  it('shows its progress while it runs, and ends when it is canceled', async () => {
    const asked = await post('/admin/events/replay', OLGA, {
      filter: { event_type: 'member.invited', status: 'published' },
      sink: SINK,
      dry_run: false,
      rate: 1,
    });
    const path = `/admin/outbox/commands/${String(asked.body['id'])}`;
    const running = await waitFor('the progress', async () => {
      const { body } = await get(path);
      const [sink] = body['sinks'] as { progress?: object }[];
      return sink!.progress;
    });
    expect(running).toMatchObject({
      rate: 1,
      canceled: false,
      position: expect.stringMatching(/^\d+$/),
      share: expect.any(Number),
    });
    const reason = 'Not now.';
    const canceled = await post(`${path}/cancel`, OLGA, { reason });
    expect(canceled).toMatchObject({ status: 202, body: { command: 'cancel', reason } });
    expect(await ended(canceled.body['id'])).toMatchObject({ status: 'done' });
    expect(await ended(asked.body['id'])).toMatchObject({ status: 'done', sinks: [{ answer: { canceled: true } }] });
    expect(await post(`${path}/cancel`, OLGA)).toMatchObject({ status: 409 });
    const entries = dataOf(await get(`/admin/audit-logs?aggregate_type=events&aggregate_id=${String(asked.body['id'])}`));
    expect(entries.map(({ action }) => action)).toEqual(['events.cancel_requested', 'events.replay_requested']);
  });

  it('cannot be canceled by an admin of another organization', async () => {
    const asked = await post('/admin/events/replay', ALICE, { filter: { event_type: 'member.invited' } });
    const path = `/admin/outbox/commands/${String(asked.body['id'])}/cancel`;
    expect((await post(path, GINA)).status).toBe(404);
    expect((await post(`/admin/outbox/commands/${newId()}/cancel`, OLGA)).status).toBe(404);
    await ended(asked.body['id']);
  });
});

it('every command to a sink or an event accepts a reason and records it', async () => {
  const [event] = dataOf(await get('/admin/events?status=failed'));
  const id = String(event!['event_id']);
  const reason = 'A drill.';
  for (const [path, body] of [
    [`/admin/outbox/sinks/${SINK}/pause`, {}],
    [`/admin/outbox/sinks/${SINK}/resume`, {}],
    [`/admin/outbox/sinks/${SINK}/retire`, {}],
    [`/admin/outbox/sinks/${SINK}/drop-type`, { event_type: 'member.invited' }],
    [`/admin/events/${id}/replay`, { sink: 'local/permissions-cache' }],
    [`/admin/events/${id}/skip`, {}],
  ] as const) {
    const asked = await post(path, OLGA, { ...body, reason });
    expect([path, asked.status, asked.body['reason']]).toEqual([path, 202, reason]);
    const { body: command } = await get(`/admin/outbox/commands/${String(asked.body['id'])}`);
    expect(command['reason']).toBe(reason);
    const correlation = asked.headers.get('x-correlation-id')!;
    expect(dataOf(await get(`/admin/audit-logs?correlation_id=${correlation}`))).toMatchObject([{ diff: { new: { reason } } }]);
    await ended(asked.body['id']);
  }
  for (const invalid of ['', ' ', '\u200b', 'x'.repeat(501), 7])
    expect((await post(`/admin/outbox/sinks/${SINK}/pause`, OLGA, { reason: invalid })).status).toBe(422);
});

describe('GET /admin/outbox', () => {
  it('shows the running workers with the sinks that each leads, and no worker that has stopped', async () => {
    const other = await system.startWorker({ WORKER_VERSION: '2026-01-31.2' });
    const workers = async () => (await get('/admin/outbox')).body['workers'] as Record<string, unknown>[];
    await pollUntil(async () => (await workers()).length === 2);
    const leader = (await workers()).find(({ version }) => version === null);
    expect(leader).toMatchObject({
      is_silent: false,
      sinks: expect.arrayContaining(['log', SINK]),
      leads: expect.arrayContaining([SINK]),
    });
    const standby = (await workers()).find(({ version }) => version === '2026-01-31.2');
    expect(standby).toMatchObject({ is_silent: false, sinks: leader!['sinks'], leads: [] });
    await other.stop();
    expect(await workers()).toMatchObject([{ worker: leader!['worker'] }]);
  });
});

describe('GET /admin/outbox/blocked', () => {
  it('lists what a failed event blocks, in pages, for operators and viewers', async () => {
    await system.query(
      `insert into outbox.outbox_delivery (sink, event_id, position, status, attempts, last_error, event_type, schema_version,
         aggregate_type, aggregate_id, organization_id, occurred_at, payload)
       select 'local/permissions-cache', gen_random_uuid(), n, 'failed', 10, 'refused', 'member.invited', 1, 'member', gen_random_uuid()::text,
         null, now(), '{}' from generate_series(1, 3) n`,
    );
    try {
      const first = await get('/admin/outbox/blocked?limit=2');
      expect(dataOf(first)).toMatchObject([
        { sink: 'local/permissions-cache', event_type: 'member.invited', waiting: 0, last_error: 'refused' },
        { sink: 'local/permissions-cache' },
      ]);
      const cursor = encodeURIComponent(String(first.body['next_cursor']));
      const second = await get(`/admin/outbox/blocked?limit=2&cursor=${cursor}`, 'vera@example.com');
      const ids = [...dataOf(first), ...dataOf(second)].map(({ event_id: id }) => id);
      expect([ids.length, new Set(ids).size, second.body['next_cursor']]).toEqual([3, 3, null]);
      expect((await get(`/admin/outbox/commands?cursor=${cursor}`)).status).toBe(422); // a cursor of another list
      expect((await get('/admin/outbox/blocked', ALICE)).status).toBe(403);
    } finally {
      await system.query(`delete from outbox.outbox_delivery where sink = 'local/permissions-cache'`);
    }
  });
});

describe('GET /admin/outbox/housekeeping', () => {
  it('shows the last run, the retentions of the worker and what a run would remove, and removes nothing', async () => {
    await system.query(
      `insert into outbox.consumer_receipt (consumer, event_id, state, done_at)
       select 'old', gen_random_uuid(), 'done', now() - interval '1 year' from generate_series(1, 3)`,
    );
    const endpoint = await post('/webhooks/endpoints', ALICE, {
      url: 'https://hooks.example.com/old',
      event_types: ['member.removed'],
    });
    await system.query(
      `insert into webhook_delivery (id, endpoint_id, organization_id, kind, event_id, event_type, schema_version, correlation_id, payload,
         status, settled_at)
       select gen_random_uuid(), id, organization_id, 'event', gen_random_uuid(), 'member.removed', 1, gen_random_uuid(), '{}', 'delivered',
         now() - interval '1 year' from webhook_endpoint, generate_series(1, 2) where id = $1`,
      [endpoint.body['id']],
    );
    const { body } = await waitFor('the first run and the first report of the worker', async () => {
      const shown = await get('/admin/outbox/housekeeping');
      return shown.status === 200 && shown.body['next_run_at'] !== null && shown;
    });
    expect(body).toMatchObject({ retention_days: { log: 7 }, last_run: { at: expect.any(String) } });
    expect(body['next_run_at']).toEqual(expect.any(String));
    expect(body['expected']).toContainEqual({
      what: 'outbox.consumer_receipt', removed: 3, unit: 'rows', kept: null, is_capped: false,
    }); // prettier-ignore
    expect(body['expected']).toContainEqual({ what: 'webhook_delivery', removed: 2, unit: 'rows', kept: null, is_capped: false });
    expect(await system.query(`select 1 from outbox.consumer_receipt where consumer = 'old'`)).toHaveLength(3);
  });

  it('is refused for admins', async () => {
    expect((await get('/admin/outbox/housekeeping', ALICE)).status).toBe(403);
  });
});

describe('GET /admin/contracts', () => {
  it('lists each event type with its versions, schemas, examples, producers and consumers', async () => {
    const { body } = await get('/admin/contracts?limit=100', ALICE);
    expect(body['next_cursor']).toBeNull();
    const contracts = body['data'] as { type: string }[];
    expect(contracts.find(({ type }) => type === 'member.invited')).toMatchObject({
      aggregate: 'member',
      audience: 'customers',
      publisher: 'api',
      versions: [
        {
          version: 1,
          is_current: true,
          schema: { properties: { email: {} } },
          example: { event_type: 'member.invited', data: { email: expect.any(String) } },
        },
      ],
      producers: [{ action: 'member.invited', routes: expect.arrayContaining(['POST /api/v1/members/invitations']) }],
      consumers: expect.arrayContaining([SINK]),
    });
    expect(contracts.find(({ type }) => type === 'member.role_changed')).toMatchObject({
      versions: [
        { version: 2, is_current: true },
        { version: 1, is_current: false },
      ],
    });
    expect(contracts.find(({ type }) => type === 'organization.created')).toMatchObject({ audience: 'internal' });
  });

  it('has pages', async () => {
    const types: unknown[] = [];
    for (let cursor: unknown = ''; cursor !== null;) {
      const { body } = await get(`/admin/contracts?limit=3${cursor ? `&cursor=${String(cursor)}` : ''}`);
      types.push(...(body['data'] as { type: string }[]).map(({ type }) => type));
      cursor = body['next_cursor'];
    }
    expect(types).toEqual([...new Set(types)].sort());
    expect(types).toEqual(dataOf(await get('/admin/contracts?limit=100')).map(({ type }) => type));
    expect(types.length).toBeGreaterThan(8);
  });
});
