import { randomUUID } from 'node:crypto';
import { System, type ApiResponse, type RequestOptions } from '../support/system/system.js';
import { pollUntil, waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com'; // an admin of acme
const CAROL = 'carol@example.com'; // a member of acme
const GINA = 'gina@example.com'; // an admin of globex
const OLGA = 'olga@example.com'; // an operator
const CONSUMER = 'permissions-cache';
const SINK = `local/${CONSUMER}`;

let system: System;

/** A request that asks for the token of its changes. */
const change = (method: string, path: string, options: RequestOptions = {}): Promise<ApiResponse> =>
  system.request(method, path, { as: ALICE, headers: { prefer: 'change-token' }, ...options });
const tokenOf = ({ headers }: ApiResponse): string => headers.get('x-change-token')!;
const memberOf = ({ body }: ApiResponse): string => body['id'] as string;

const invite = (role = 'member'): Promise<ApiResponse> =>
  change('POST', '/members/invitations', { body: { email: `${randomUUID()}@example.com`, role } });
const changeRole = (member: string, role: string): Promise<ApiResponse> =>
  change('PATCH', `/members/${member}`, { body: { role } });
const cached = (member: string, token?: string, as = ALICE): Promise<ApiResponse> =>
  system.request('GET', `/members/${member}/permissions${token === undefined ? '' : `?after_change=${token}`}`, { as });

/** Sends a command to a sink and waits until it is done. */
async function command(path: string, body?: object): Promise<void> {
  const asked = await system.request('POST', path, { as: OLGA, ...(body && { body }) });
  expect(asked.status).toBe(202);
  const path2 = `/admin/outbox/commands/${String(asked.body['id'])}`;
  await waitFor(
    'the result of the command',
    async () => (await system.request('GET', path2, { as: OLGA })).body['status'] === 'done',
  );
}

const rows = (): Promise<Record<string, unknown>[]> => system.query('select * from permissions_cache order by member_id');

describe('the permissions cache', () => {
  beforeAll(async () => {
    system = await System.start();
  });
  afterAll(() => system?.stop());

  it('shows each change of a role once the request waits for the change', async () => {
    const invited = await invite();
    const member = memberOf(invited);
    expect((await cached(member, tokenOf(invited))).body).toEqual({
      member_id: member,
      role: 'member',
      sequence: expect.stringMatching(/^\d+$/),
      changed_at: expect.stringMatching(/Z$/),
    });
    for (const role of ['admin', 'member', 'admin']) {
      const changed = await changeRole(member, role);
      expect(changed).toMatchObject({ status: 200, body: { role } });
      expect((await cached(member, tokenOf(changed))).body).toMatchObject({ member_id: member, role });
    }
    const removed = await change('DELETE', `/members/${member}`);
    expect(removed.status).toBe(204);
    expect((await cached(member, tokenOf(removed))).body).toMatchObject({ member_id: member, role: null });
  });

  it('is the same after a replay of all events into the empty table', async () => {
    await invite('admin');
    await changeRole(memberOf(await invite('admin')), 'member');
    const last = await change('DELETE', `/members/${memberOf(await invite())}`);
    await system.waitUntilSeen(CONSUMER, last);
    const before = await rows();
    expect(before.length).toBeGreaterThan(3);
    expect(new Set(before.map(({ role }) => role))).toEqual(new Set(['admin', 'member', null]));
    await system.query('truncate permissions_cache');
    const all = { sink: SINK, dry_run: false, filter: { from: '2020-01-01T00:00:00Z' } };
    await command('/admin/events/replay', all);
    expect(await rows()).toEqual(before);
    await command('/admin/events/replay', all); // and into the full table
    expect(await rows()).toEqual(before);
  });

  it('belongs to one organization, and its readers are admins', async () => {
    const invited = await invite();
    await system.waitUntilSeen(CONSUMER, invited);
    const member = memberOf(invited);
    expect((await cached(member, undefined, GINA)).status).toBe(404);
    expect((await cached(member, undefined, CAROL)).status).toBe(403);
    expect((await cached(randomUUID())).status).toBe(404);
  });

  it('responds 503 to a request whose change has not arrived in time, and without the token with the older state', async () => {
    const invited = await invite();
    const member = memberOf(invited);
    await system.waitUntilSeen(CONSUMER, invited);
    await command(`/admin/outbox/sinks/${SINK}/pause`);
    try {
      const changed = await changeRole(member, 'admin');
      const [late, old] = await Promise.all([cached(member, tokenOf(changed)), cached(member)]);
      expect(late).toMatchObject({ status: 503, body: { type: 'urn:pikaia:problem:change-unseen' } });
      expect(late.headers.get('retry-after')).toBe('1');
      expect(old).toMatchObject({ status: 200, body: { role: 'member' } });
      const waiting = cached(member, tokenOf(changed)); // a second request waits until the sink continues
      await command(`/admin/outbox/sinks/${SINK}/resume`);
      expect(await waiting).toMatchObject({ status: 200, body: { role: 'admin' } });
    } finally {
      await command(`/admin/outbox/sinks/${SINK}/resume`);
    }
  });

  it('is seen by a wait that outlives the worker, which is killed, and continues with the next worker', async () => {
    const member = memberOf(await invite());
    await system.worker.kill();
    const changed = await changeRole(member, 'admin');
    await expect(system.waitUntilSeen(CONSUMER, changed, 50)).rejects.toMatchObject({ code: 'PIKAIA_WAIT_TIMEOUT' });
    const waiting = system.waitUntilSeen(CONSUMER, changed);
    await system.startWorker();
    await waiting;
    expect((await cached(member)).body).toMatchObject({ role: 'admin' });
  });

  it('ends the wait of a client that disconnects', async () => {
    const invited = await invite();
    await command(`/admin/outbox/sinks/${SINK}/pause`);
    try {
      const changed = await changeRole(memberOf(invited), 'admin');
      const controller = new AbortController();
      const url = `http://127.0.0.1:${system.api.port}/api/v1/members/${memberOf(invited)}/permissions?after_change=${tokenOf(changed)}`;
      const asked = fetch(url, { headers: { authorization: `Bearer ${await system.token(ALICE)}` }, signal: controller.signal });
      const queries = (): Promise<{ n: number }[]> =>
        system.query(
          `select count(*)::int as n from pg_stat_activity where query like '%consumer_receipt%' and application_name = 'pikaia-api'`,
        );
      await pollUntil(queries, ([{ n } = { n: 0 }]) => n > 0);
      controller.abort();
      await expect(asked).rejects.toThrow('abort');
      const line = await waitFor('the access line', () => system.api.linesOf('request_aborted')[0]);
      expect(line).toMatchObject({ 'http.route': '/api/v1/members/:id/permissions' });
    } finally {
      await command(`/admin/outbox/sinks/${SINK}/resume`);
    }
  });

  it('refuses a token that is not from a response', async () => {
    const invited = await invite();
    for (const token of [`${tokenOf(invited)}x`, 'x', 'a.b']) {
      expect(await cached(memberOf(invited), token)).toMatchObject({
        status: 422,
        body: { errors: [{ field: 'after_change' }] },
      });
    }
  });

  it('a response has a token only if its request asks for one', async () => {
    const plain = await system.request('PATCH', `/members/${memberOf(await invite())}`, { as: ALICE, body: { role: 'admin' } });
    expect([plain.status, plain.headers.get('x-change-token'), plain.headers.get('preference-applied')]).toEqual([
      200,
      null,
      null,
    ]);
    const asked = await change('GET', '/me', { headers: { prefer: 'wait=5, Change-Token' } });
    expect([asked.status, asked.headers.get('preference-applied')]).toEqual([200, 'change-token']);
    await system.waitUntilSeen(CONSUMER, asked); // it changed nothing
    const refused = await change('PATCH', `/members/${randomUUID()}`, { body: { role: 'admin' } });
    expect([refused.status, refused.headers.get('x-change-token')]).toEqual([404, null]);
  });
});
