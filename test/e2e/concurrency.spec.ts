import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { context, enterContextAtRequest, systemClock } from '@pikaia/core';
import { accessLog, getLogger } from '@pikaia/logging';
import { captureLogs } from '@pikaia/logging/testing';
import { contextMismatches, traceOfLine, type SentRequest, type ContextTrace } from '../support/system/context.check.js';
import { KeepAliveClient, type KeepAliveResponse } from '../support/http/keep-alive.client.js';
import { seededRandom } from '../support/random/seeded-random.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const USERS = 200;
const ORGANIZATIONS = 20;
const MAX_DELAY_MS = 40; // before a request, and inside its transaction
const SEED = Number(process.env['PIKAIA_SEED'] ?? 200);
const TEST_TIMEOUT_MS = 240_000;

interface Admin {
  readonly email: string;
  readonly userId: string;
  readonly memberId: string;
  readonly organizationId: string;
}

/** A request with its response. */
interface Sent extends SentRequest {
  readonly answer: KeepAliveResponse;
}

describe(`${USERS} concurrent users, each an admin of one of ${ORGANIZATIONS} organizations`, () => {
  let system: System;
  let client: KeepAliveClient;
  let sent: Sent[];
  let traces: ContextTrace[];
  let start: string; // the last position before the test

  beforeAll(async () => {
    system = await System.start({ worker: false, environment: { LOG_LEVEL: 'debug', DATABASE_POOL_SIZE: '25' } });
    [{ start }] = (await system.query<{ start: string }>('select max(position) as start from outbox.outbox_log')) as [
      { start: string },
    ];
    const admins = await createAdmins();
    const tokens = await system.tokens(admins.map(({ email }) => email));
    client = new KeepAliveClient(system.api.port, USERS);
    const random = seededRandom(SEED);

    const invite = (admin: Admin) => {
      const about = `${randomUUID()}@example.com`;
      return send(admin, 'POST', '/members/invitations', { about, body: { email: about, role: 'member' } });
    };
    const visits: ((admin: Admin) => Promise<Sent>)[] = [
      (admin) => send(admin, 'GET', `/members/${admin.memberId}`),
      (admin) => send(admin, 'GET', `/members/${randomUUID()}`),
      (admin) => send(admin, 'PATCH', '/organization', { body: { name: `Renamed by ${admin.email}` } }),
      (admin) => send(admin, 'POST', '/members/invitations', { body: { email: 'no address', role: 'member' } }),
    ];
    const send = async (admin: Admin, method: string, route: string, { about, body }: { about?: string; body?: object } = {}) => {
      const path = `/api/v1${route}`;
      const correlationId = randomUUID();
      const userAgent = `agent-${correlationId}`;
      await pause(random() * MAX_DELAY_MS);
      const headers = {
        authorization: `Bearer ${tokens.get(admin.email)!}`,
        'x-correlation-id': correlationId,
        'user-agent': userAgent,
      };
      const answer = await client.send(method, path, headers, body);
      const { userId, organizationId } = admin;
      return { correlationId, userId, organizationId, method, path, userAgent, ...(about && { about }), answer };
    };

    // The second round reuses the connections of the first for other users.
    const first = await Promise.all(admins.map(invite));
    const shuffled = admins.map((admin) => ({ admin, by: random() })).sort((a, b) => a.by - b.by);
    const second = await Promise.all(shuffled.map(({ admin }, index) => visits[index % visits.length]!(admin)));
    sent = [...first, ...second];
    traces = await waitFor(
      'all access lines',
      async () => {
        const lines = system.api.lines.slice(system.api.lines.findIndex(({ event }) => event === 'api_started') + 1);
        // A failed request is counted too, so that the first test shows its status.
        const done = lines.filter(({ event }) => event === 'request_completed' || event === 'request_failed');
        return done.length >= sent.length && [...lines.map(traceOfLine), ...(await events()), ...(await entries())];
      },
      TEST_TIMEOUT_MS,
    );
  });
  afterAll(async () => {
    client.close();
    await system.stop();
  });

  it('each get a response, over reused connections', () => {
    const statuses = Map.groupBy(sent, ({ answer }) => answer.status);
    expect([...statuses].map(([status, { length }]) => [status, length])).toEqual([
      [201, USERS],
      [200, USERS / 2],
      [404, USERS / 4],
      [422, USERS / 4],
    ]);
    expect(sent.filter(({ answer }) => answer.reused).length).toBeGreaterThanOrEqual(USERS / 2);
  });

  it('leave log lines, events and audit entries that have the context of their own request', () => {
    expect(contextMismatches(traces, sent)).toEqual([]);
  });

  it('leave exactly the effects of each request', () => {
    const count = (kind: ContextTrace['kind'], name: string) =>
      traces.filter((trace) => trace.kind === kind && trace.name === name).length;
    expect(count('line', 'request_completed')).toBe(2 * USERS);
    expect(count('line', 'member_invite_started')).toBe(USERS);
    expect(count('event', 'member.invited')).toBe(USERS);
    expect(count('entry', 'member.invited')).toBe(USERS);
    expect(count('event', 'organization.updated')).toBe(USERS / 4);
    expect(count('entry', 'organization.updated')).toBe(USERS / 4);
  });

  it.each(['userId', 'organizationId', 'path', 'userAgent', 'correlationId'] as const)(
    'the check reports a log line that has the %s of another request',
    (field) => {
      const one = traces.find(({ name }) => name === 'member_invite_started')!;
      const stranger = traces.find((trace) => trace.kind === 'line' && trace[field] !== one[field])!;
      const leaked = traces.map((trace) => (trace === one ? { ...one, [field]: stranger[field] } : trace));
      expect(contextMismatches(leaked, sent).length).toBeGreaterThan(0);
    },
  );

  it.each(['event', 'entry'] as const)('the check reports an %s that was written for another user', (kind) => {
    const one = traces.find((trace) => trace.kind === kind)!;
    const stranger = traces.find((trace) => trace.kind === kind && trace.userId !== one.userId)!;
    const leaked = traces.map((trace) => (trace === one ? { ...one, userId: stranger.userId } : trace));
    expect(contextMismatches(leaked, sent)).toHaveLength(1);
  });

  /** Adds a delay to the transaction of each invitation, so that their order changes. */
  async function createAdmins(): Promise<Admin[]> {
    await system.query(`
      insert into organizations_organization (id, name, slug, provider_id)
      select gen_random_uuid(), 'Organization ' || n, 'organization-' || n, 'organization-' || n from generate_series(1, ${ORGANIZATIONS}) n`);
    await system.query(`
      with people as (
        select n, gen_random_uuid() as id, 'admin-' || n || '@example.com' as email from generate_series(1, ${USERS}) n),
      users as (insert into organizations_user (id, email) select id, email from people)
      insert into organizations_member (id, organization_id, user_id, role, status, provider_id)
      select gen_random_uuid(), o.id, p.id, 'admin', 'active', p.email
      from people p join organizations_organization o on o.slug = 'organization-' || 1 + p.n % ${ORGANIZATIONS}`);
    await system.query(`
      create function delay() returns trigger language plpgsql as
        'begin perform pg_sleep(abs(hashtext(new.email)) % ${MAX_DELAY_MS} / 1000.0); return new; end'`);
    await system.query('create trigger delay before insert on organizations_user for each row execute function delay()');
    return system.query(`
      select u.email, u.id as "userId", m.id as "memberId", m.organization_id as "organizationId"
      from organizations_member m join organizations_user u on u.id = m.user_id where u.email like 'admin-%' order by u.email`);
  }

  const events = (): Promise<ContextTrace[]> =>
    system.query(`
      select 'event' as kind, event_type as name, correlation_id as "correlationId", payload -> 'actor' ->> 'id' as "userId",
        organization_id as "organizationId", payload -> 'data' ->> 'email' as about from outbox.outbox_log where position > ${start}`);

  const entries = (): Promise<ContextTrace[]> =>
    system.query(`
      select 'entry' as kind, action as name, correlation_id as "correlationId", actor_id as "userId",
        organization_id as "organizationId", user_agent as "userAgent", diff -> 'new' ->> 'email' as about from events_auditlog`);
});

/** Runs the same check on a server that stores the user in a variable that all requests share. */
it('the check reports a server that keeps the user in a module variable', async () => {
  using logs = captureLogs();
  const random = seededRandom(SEED);
  let current = '';
  const server = createServer((request, response) => {
    void (async () => {
      current = request.headers['authorization']!;
      await pause(random() * MAX_DELAY_MS);
      context.bind({ actor: { type: 'user', id: current }, organizationId: 'acme' });
      getLogger('leak').info('work_done');
      response.end('{}');
    })();
  });
  enterContextAtRequest(server, { hops: 0 }, [accessLog(systemClock)]);
  await once(server.listen(0), 'listening');
  const client = new KeepAliveClient((server.address() as AddressInfo).port, 10);
  const senders = Array.from({ length: 10 }, (_, index): SentRequest => {
    const correlationId = randomUUID();
    return {
      correlationId,
      userId: `user-${index}`,
      organizationId: 'acme',
      method: 'GET',
      path: '/',
      userAgent: `agent-${index}`,
    };
  });
  const sendAs = ({ correlationId, userId, userAgent }: SentRequest) =>
    client.send('GET', '/', { authorization: userId, 'x-correlation-id': correlationId, 'user-agent': userAgent });
  for (const sender of senders) await sendAs(sender);
  await waitFor('all access lines', () => logs.of('request_completed').length === senders.length);
  expect(contextMismatches(logs.records.map(traceOfLine), senders)).toEqual([]); // sequential requests do not reveal the fault
  logs.clear();
  await Promise.all(senders.map(sendAs));
  await waitFor('all access lines', () => logs.of('request_completed').length === senders.length);
  expect(contextMismatches(logs.records.map(traceOfLine), senders).join()).toMatch(/line work_done of .*: userId is user-\d/);
  client.close();
  await new Promise((closed) => server.close(closed));
});
