import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { waitFor } from '../support/time/wait-for.js';
import { Installation, type Start } from './installation.js';

jest.setTimeout(240_000);

const DAY_MS = 86_400_000;
const SECONDS = 20_000; // from a request to the last consequence that does not wait for a retry, on a busy machine

interface Line {
  readonly timestamp: string;
  readonly trace_id?: string;
  readonly event: string;
}

/** Actions and events of one request about one aggregate, as comparable text. */
const CHANGES = {
  events: `select event_type || ' ' || aggregate_id || ' ' || correlation_id as change from events_outboxevent order by 1`,
  entries: `
    select action || ' ' || aggregate_id || ' ' || correlation_id as change from events_auditlog
    where action not like '%requested' and action <> 'organization.billing_linked' order by 1`,
};

/** The rows, and the newest state that an event or an entry contains of each. */
const MEMBERS = `
  select m.email, m.role, m.status,
    (select diff->'new'->>'role' from events_auditlog a where a.aggregate_id = m.id::text and diff->'new' ? 'role'
      order by created_at desc limit 1) as recorded_role,
    (select event_type from events_outboxevent e where e.aggregate_id = m.id::text and event_type <> 'member.role_changed'
      order by occurred_at desc limit 1) as newest
  from organizations_member m where m.invited_at is not null order by m.email`;

const LEFTOVERS = `
  select (select count(*)::int from pg_namespace where nspname = 'week') as schemas,
    (select count(*)::int from pg_attrdef where pg_get_expr(adbin, adrelid) like '%week%') as defaults,
    (select count(*)::int from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase) as settings,
    current_setting('synchronous_commit') as synchronous_commit`;

let firstWeek: object; // of the first installation

describe('the seeded week of npm start', () => {
  const installation = new Installation('week', { week: true });
  let start: Start;
  let client: pg.Client;
  let week: { refused: string; roleChange: string; failedDelivery: string; failedWebhook: string };
  const beganAt = Date.now();

  const variable = (...path: string[]): string => join(installation.root, 'var', ...path);
  const connect = async (): Promise<void> => {
    client = new pg.Client({ connectionString: (await installation.run('db-url.ts')).stdout.trim() });
    await client.connect();
  };
  const query = async <Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> =>
    (await client.query<Row>(sql, values)).rows;
  const linesOf = (file: string): Line[] =>
    readFileSync(variable('log', file), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
  const emails = (): string[] => readdirSync(variable('mail')).sort();
  const get = async (email: string, path: string): Promise<Record<string, unknown>> => {
    const token = (await installation.run('token.ts', '--email', email)).stdout.trim().split('\n').at(-1);
    const { api } = await installation.ports();
    const response = await fetch(`http://127.0.0.1:${api}/api/v1/${path}`, { headers: { authorization: `Bearer ${token}` } });
    return (await response.json()) as Record<string, unknown>;
  };
  const explain = async (id: string): Promise<string> => (await installation.run('explain.ts', id)).stdout;

  beforeAll(async () => {
    start = await installation.start();
    expect(await start.settled()).toBe('ready');
    await connect();
    week = JSON.parse(readFileSync(variable('week.json'), 'utf8')) as typeof week;
    firstWeek = week;
  });
  afterAll(async () => {
    await client.end();
    await installation.remove();
  });

  it('answers the questions about the requests that the closing text names', async () => {
    for (const id of [week.refused, week.roleChange, week.failedDelivery, week.failedWebhook])
      expect(start.stderr).toContain(`/console/c/${id}`);
    const { api } = await installation.ports();
    expect(start.stderr).toContain(`Why did Carol's request fail?           http://127.0.0.1:${api}/console/c/${week.refused}`);
    expect(await explain(week.refused)).toContain('It was refused with 403. This route requires the role admin.');
    expect(await explain(week.roleChange)).toMatch(/role: admin → member[^]*alice@example\.com: member\.role_changed/);
    expect(await explain(week.failedDelivery)).toContain('No: it is a dead letter after 10 failed attempts');
    expect(await explain(week.failedWebhook)).toMatch(/webhook member\.removed arrive.*No: it failed after 1 attempt\..*503/);
  });

  it('has a webhook that arrived, one that failed at a receiver that was down, and none that is sent later', async () => {
    const deliveries = await query(`
      select d.event_type, d.status, e.status as endpoint, e.disabled_reason, d.correlation_id,
        d.settled_at - d.created_at < interval '3 hours' as settled_in_time,
        (select json_agg(response_status order by number) from webhook_attempt a where a.delivery_id = d.id) as responses
      from webhook_delivery d join webhook_endpoint e on e.id = d.endpoint_id order by d.created_at`);
    const endpoint = { endpoint: 'disabled', disabled_reason: 'manual', settled_in_time: true };
    expect(deliveries).toEqual([
      { event_type: 'member.role_changed', status: 'delivered', responses: [204], correlation_id: week.roleChange, ...endpoint },
      { event_type: 'member.removed', status: 'failed', responses: [503], correlation_id: week.failedWebhook, ...endpoint },
    ]);
  });

  it('answers the three questions over HTTP', async () => {
    const { entries } = (await get('olga@example.com', `admin/correlations/${week.refused}`)) as { entries: object[] };
    expect(entries).toContainEqual(expect.objectContaining({ event: 'request_refused', 'problem.type': 'forbidden' }));
    const roles = await get('alice@example.com', 'admin/audit-logs?action=member.role_changed');
    expect(roles['data']).toEqual([
      expect.objectContaining({
        actor_email: 'alice@example.com',
        correlation_id: week.roleChange,
        diff: { old: { role: 'admin' }, new: { role: 'member' } },
      }),
      expect.objectContaining({ diff: { old: { role: 'member' }, new: { role: 'admin' } } }),
    ]);
    const failed = await get('olga@example.com', 'admin/events?status=failed');
    expect(failed['data']).toEqual([
      expect.objectContaining({ event_type: 'member.invited', attempts: 10, correlation_id: week.failedDelivery }),
    ]);
  });

  it('has an entry for each event, an event for each entry, and rows that agree with both', async () => {
    const [events, entries] = [await query(CHANGES.events), await query(CHANGES.entries)];
    expect(events.length).toBeGreaterThan(20);
    expect(entries).toEqual(events);
    const kinds = new Set((events as { change: string }[]).map(({ change }) => change.split(' ')[0]));
    expect([...kinds].toSorted()).toEqual([
      'member.invitation_revoked',
      'member.invited',
      'member.joined',
      'member.removed',
      'member.role_changed',
      'organization.updated',
      'subscription.activated',
      'subscription.canceled',
      'subscription.updated',
      'user.profile_updated',
      'webhook_endpoint.created',
      'webhook_endpoint.updated',
    ]);
    const newest: Record<string, string[]> = {
      invited: ['member.invited'],
      active: ['member.joined'],
      removed: ['member.removed', 'member.invitation_revoked'],
    };
    const members = await query<{ status: string; role: string; recorded_role: string; newest: string }>(MEMBERS);
    expect(members).toHaveLength(9);
    for (const member of members) {
      expect(newest[member.status]).toContain(member.newest);
      expect(member.recorded_role).toBe(member.role);
    }
  });

  it('gives every event, entry, receipt and log line of a request nearly the same time, in the last seven days', async () => {
    const times = await query<{ id: string; at: Date }>(`
      select correlation_id as id, occurred_at as at from events_outboxevent
      union all select correlation_id, recorded_at from outbox.outbox_log
      union all select correlation_id, published_at from events_outboxevent where attempts = 0 and published_at is not null
        and correlation_id not in (select correlation_id from events_outboxevent where payload->'data'->>'email' = 'rosa@example.com')
      union all select correlation_id, created_at from events_auditlog
      union all select d.correlation_id, started_at from webhook_attempt a join webhook_delivery d on d.id = a.delivery_id
      union all select correlation_id, done_at from outbox.consumer_receipt
        where consumer <> 'welcome-email' and replay = '00000000-0000-0000-0000-000000000000'`);
    const requests = linesOf('api.jsonl').filter(({ event }) => event === 'request_completed');
    const timeOf = new Map(requests.map(({ trace_id: id, timestamp }) => [id, Date.parse(timestamp)]));
    for (const { trace_id: id = '', timestamp, event } of linesOf('worker.jsonl'))
      if (event === 'domain_event') times.push({ id, at: new Date(timestamp) });
    expect(times.length).toBeGreaterThan(100);
    for (const { id, at } of times) {
      expect(Math.abs(at.getTime() - timeOf.get(id)!)).toBeLessThan(SECONDS);
      expect(at.getTime()).toBeGreaterThan(beganAt - 7 * DAY_MS);
      expect(at.getTime()).toBeLessThan(beganAt - 5 * 60_000);
    }
    const slots = await query(`select distinct slot - mod((floor(extract(epoch from recorded_at) / 86400))::int, 12) as off from outbox.outbox_log`); // prettier-ignore
    expect(slots).toEqual([{ off: 0 }]);
  });

  it('wrote one email for each invitation, except the failed one', async () => {
    const invited = await query<{ id: string }>(
      `select event_id as id from events_outboxevent where event_type = 'member.invited' and status = 'published' order by 1`,
    );
    expect(invited).toHaveLength(9);
    expect(emails()).toEqual(invited.map(({ id }) => `${id}.eml`));
    expect(await query(`select from events_outboxevent where status not in ('published', 'not_wanted')`)).toHaveLength(1);
  });

  it('leaves no trace of the clock, and nothing that housekeeping would remove or that is overdue', async () => {
    expect(await query(LEFTOVERS)).toEqual([{ schemas: 0, defaults: 0, settings: 0, synchronous_commit: 'on' }]);
    const purge = (await installation.run('outbox.ts', 'purge', '--dry-run')).stdout;
    expect(purge).toMatch(/consumer_receipt +0 rows/);
    expect(purge).not.toContain('outbox_log');
    const { sinks } = (await get('olga@example.com', 'admin/outbox')) as { sinks: { backlog: number; retrying: number }[] };
    for (const sink of sinks) expect(sink).toMatchObject({ state: 'active', backlog: 0, retrying: 0, lag_ms: null });
  });

  it('lets the next request happen now, with its email', async () => {
    const before = emails().length;
    const token = (await installation.run('token.ts', '--email', 'alice@example.com')).stdout.trim().split('\n').at(-1);
    const { api } = await installation.ports();
    const response = await fetch(`http://127.0.0.1:${api}/api/v1/members/invitations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'frank@example.com', role: 'member' }),
    });
    expect(response.status).toBe(201);
    await waitFor('the email is written', () => emails().length === before + 1);
    const [row] = await query<{ ms: number }>(`
      select extract(epoch from clock_timestamp() - min(least(recorded_at, occurred_at)))::float8 * 1000 as ms
      from outbox.outbox_log where correlation_id = $1`, [response.headers.get('x-correlation-id')]); // prettier-ignore
    expect(row!.ms).toBeLessThan(60_000);
    expect(linesOf('worker.jsonl').at(-1)!.timestamp > new Date(beganAt).toISOString()).toBe(true);
  });

  it('can send the failed email by a replay', async () => {
    const [event] = await query<{ id: string }>(`select event_id as id from events_outboxevent where status = 'failed'`);
    const replay = await installation.run('outbox.ts', 'replay', event!.id, '--sink', 'local/welcome-email');
    expect(replay).toMatchObject({ code: 0 });
    await waitFor('the email is written', () => existsSync(variable('mail', `${event!.id}.eml`)));
  });

  it('adds nothing at the next start', async () => {
    const count = async () =>
      query(`select (select count(*) from events_outboxevent) as events, (select count(*) from events_auditlog) as entries,
        (select count(*) from organizations_member) as members`);
    const before = [await count(), emails()];
    await client.end();
    expect(await start.stop()).toBe(0);
    start = await installation.start();
    expect(await start.settled()).toBe('ready');
    await connect();
    expect([await count(), emails()]).toEqual(before);
    expect(start.stderr).toContain(`/console/c/${week.refused}`);
    expect(start.stderr).not.toContain('a week of life');
  });
});

it('repeats a week that was interrupted by SIGKILL and then by SIGINT', async () => {
  const installation = new Installation('interrupted', { week: true });
  const path = (name: string) => join(installation.root, 'var', name);
  const read = (name: string) => readFileSync(path(name), 'utf8');
  try {
    for (const [signal, status] of [
      ['SIGKILL', null],
      ['SIGINT', 0],
    ] as const) {
      const interrupted = await installation.start();
      await waitFor(
        'the week begins',
        () => interrupted.stderr.includes('a week of life'),
        90_000,
        () => interrupted.stderr,
      );
      await waitFor('some emails are written', () => existsSync(path('mail')) && readdirSync(path('mail')).length > 2);
      expect(await interrupted.stop(signal)).toBe(status);
      expect(JSON.parse(read('week.json'))).toEqual({ state: 'incomplete' });
    }
    const next = await installation.start();
    expect(await next.settled()).toBe('ready');
    expect(next.stderr).not.toContain('the week could not be seeded');
    expect(JSON.parse(read('week.json'))).toEqual(firstWeek); // the correlation ids are the same in every folder
    expect(readdirSync(path('mail'))).toHaveLength(9);
    const { refused } = JSON.parse(read('week.json')) as { refused: string };
    const refusals = read('log/api.jsonl').split('\n').filter((line) => line.includes(refused) && line.includes('request_refused')); // prettier-ignore
    expect(refusals).toHaveLength(1);
    expect(await next.stop()).toBe(0);
  } finally {
    await installation.remove();
  }
});
