import { randomUUID } from 'node:crypto';
import { connect } from '../support/database/database.js';
import { System, type ApiResponse } from '../support/system/system.js';

const ALICE = 'alice@example.com';
const GINA = 'gina@example.com';
const OLGA = 'olga@example.com';

interface Entry {
  readonly id: string;
  readonly action: string;
  readonly organization_id: string;
  readonly created_at: string;
  readonly [field: string]: unknown;
}

let system: System;
let alice: { id: string; organization_id: string };
let gina: typeof alice;
let invitations: ApiResponse[];
let renamed: ApiResponse;
let removed: ApiResponse;

const rows = <T = Entry>({ body }: ApiResponse) => body['data'] as T[];
/** The entries of the organizations of this test. An operator also sees those of others. */
const ours = <T extends { organization_id: string }>(found: readonly T[]): T[] =>
  found.filter(({ organization_id: id }) => id === alice.organization_id || id === gina.organization_id);
const correlationOf = (answer: ApiResponse) => answer.headers.get('x-correlation-id')!;
const auditLog = (query: string, as = ALICE) => system.request('GET', `/admin/audit-logs?${query}`, { as });

/** Reads all pages of a list. */
async function pagesOf(path: string, as: string): Promise<Entry[][]> {
  const pages: Entry[][] = [];
  for (let cursor: unknown = ''; cursor !== null;) {
    const answer = await system.request('GET', `${path}${cursor ? `&cursor=${String(cursor)}` : ''}`, { as });
    expect(answer.status).toBe(200);
    pages.push(rows(answer));
    cursor = answer.body['next_cursor'];
  }
  return pages;
}

const spellingsOf = (id: string): string[] => [id.toUpperCase(), `%7B${id}%7D`, `%7b${id.toUpperCase()}%7d`];

beforeAll(async () => {
  system = await System.start({ worker: false, environment: { TRUSTED_PROXIES: '1' } });
  alice = (await system.request('GET', '/me', { as: ALICE })).body as unknown as typeof alice;
  gina = (await system.request('GET', '/me', { as: GINA })).body as unknown as typeof alice;
  const invite = (email: string, as: string, from: string) =>
    system.request('POST', '/members/invitations', { as, body: { email, role: 'member' }, headers: { 'x-forwarded-for': from } });
  invitations = [];
  for (const name of ['a', 'b', 'c', 'd']) invitations.push(await invite(`${name}@example.com`, ALICE, '203.0.113.1'));
  await invite('e@example.com', GINA, '2001:0DB8::0001');
  renamed = await system.request('PATCH', '/organization', { as: ALICE, body: { name: 'Acme Ltd' } });
  removed = await system.request('DELETE', `/members/${String(invitations[0]!.body['id'])}`, { as: ALICE });
});
afterAll(() => system.stop());

describe('GET /admin/audit-logs', () => {
  it('returns an admin the entries of the organization, newest first, and an operator all entries', async () => {
    const own = rows(await auditLog('limit=100'));
    expect(own.map(({ action }) => action)).toEqual([
      'member.invitation_revoked',
      'organization.updated',
      ...Array<string>(4).fill('member.invited'),
    ]);
    expect(new Set(own.map(({ organization_id }) => organization_id))).toEqual(new Set([alice.organization_id]));
    expect(rows(await auditLog('limit=100', GINA)).map(({ action }) => action)).toEqual(['member.invited']);
    expect(ours(rows(await auditLog('limit=100', OLGA)))).toHaveLength(7);
    expect(rows(await auditLog(`organization_id=${alice.organization_id}`, OLGA))).toEqual(own);
    expect((await auditLog(`organization_id=${alice.organization_id}`, GINA)).status).toBe(403);
  });

  it('returns a single entry only to users who can list it', async () => {
    const [entry] = rows(await auditLog('limit=1'));
    const show = (as: string) => system.request('GET', `/admin/audit-logs/${entry!.id}`, { as });
    expect((await show(ALICE)).body).toEqual(entry);
    expect((await show(OLGA)).body).toEqual(entry);
    expect((await show(GINA)).status).toBe(404);
  });

  it('filters by exact values, and combines all filters', async () => {
    const found = async (query: string, as = ALICE) => rows(await auditLog(query, as)).length;
    const member = String(invitations[0]!.body['id']);
    expect(await found('action=member.invited')).toBe(4);
    expect(await found('action=member.*')).toBe(5);
    expect(await found('action=mem.*')).toBe(0);
    expect(await found('action=member.inv')).toBe(0);
    expect(await found(`actor_id=${alice.id}`)).toBe(6);
    expect(await found(`actor_id=${alice.id}`, GINA)).toBe(0);
    expect(await found(`aggregate_type=member&aggregate_id=${member}`)).toBe(2);
    expect(await found(`aggregate_id=${member}&action=member.invitation_revoked`)).toBe(1);
    expect(await found('aggregate_type=organization')).toBe(1);
    expect(await found(`correlation_id=${correlationOf(renamed)}`)).toBe(1);
    expect(await found(`correlation_id=${correlationOf(renamed).toUpperCase()}`)).toBe(1);
    expect(await found(`correlation_id=${correlationOf(renamed)}`, GINA)).toBe(0);
    expect(await found('changed=name&aggregate_type=organization')).toBe(1);
    expect(await found('changed=role&action=member.invitation_revoked')).toBe(1);
    expect(await found('changed=removed_at&action=member.invitation_revoked')).toBe(0); // it was null
    expect(await found('changed=nothing')).toBe(0);
    expect(await found('ip_address=203.0.113.1')).toBe(4);
    expect(await found('ip_address=2001:db8::1')).toBe(0);
    expect(await found('ip_address=2001:db8::1', OLGA)).toBe(1);
  });

  it('finds an id and an address in every spelling, and uses one cursor for all of them', async () => {
    const found = async (query: string, as = ALICE) => rows(await auditLog(query, as)).length;
    for (const address of ['203.0.113.1', '::ffff:203.0.113.1', '::FFFF:cb00:7101'])
      expect(await found(`ip_address=${address}`)).toBe(4);
    for (const address of ['2001:DB8::0001', '2001:db8:0:0:0:0:0:1']) expect(await found(`ip_address=${address}`, GINA)).toBe(1);
    for (const spelling of spellingsOf(alice.id)) expect(await found(`actor_id=${spelling}`)).toBe(6);
    for (const spelling of spellingsOf(alice.organization_id)) {
      expect(await found(`organization_id=${spelling}`)).toBe(6);
      expect(await found(`aggregate_type=organization&aggregate_id=${spelling}`)).toBe(1);
    }
    for (const spelling of spellingsOf(correlationOf(renamed))) expect(await found(`correlation_id=${spelling}`)).toBe(1);
    const first = await auditLog(`actor_id=${alice.id}&limit=2`);
    const cursor = String(first.body['next_cursor']);
    expect((await auditLog(`actor_id=${alice.id.toUpperCase()}&limit=2&cursor=${cursor}`)).status).toBe(200);
  });

  it('includes `from` and excludes `to`, to the microsecond', async () => {
    const [, second] = rows(await auditLog('limit=2'));
    const at = encodeURIComponent(second!.created_at);
    expect(second!.created_at).toMatch(/\.\d{6}Z$/);
    const ids = async (query: string) => rows(await auditLog(query)).map(({ id }) => id);
    expect(await ids(`from=${at}`)).toHaveLength(2);
    expect(await ids(`from=${at}`)).toContain(second!.id);
    expect(await ids(`to=${at}`)).toHaveLength(4);
    expect(await ids(`to=${at}`)).not.toContain(second!.id);
    expect(await ids(`from=${at}&to=${at}`)).toEqual([]);
    expect(await ids(`from=${encodeURIComponent('2020-01-01T00:00:00+02:00')}`)).toHaveLength(6);
  });

  it.each([
    ['limit=1', ALICE, 6],
    ['limit=4', ALICE, 6],
    ['limit=3', OLGA, 7],
    ['limit=2&action=member.*', ALICE, 5],
  ])('pages have no gap and no repetition with %s', async (query, as, count) => {
    const pages = await pagesOf(`/admin/audit-logs?${query}`, as);
    const ids = ours(pages.flat()).map(({ id }) => id);
    expect(ids).toHaveLength(count);
    expect(new Set(ids).size).toBe(count);
    const all = ours(rows(await auditLog(query.replace(/limit=\d/, 'limit=100'), as)));
    expect(ids).toEqual(all.map(({ id }) => id));
  });
});

describe('GET /admin/events', () => {
  const events = (query: string, as = ALICE) => system.request('GET', `/admin/events?${query}`, { as });
  const typesOf = async (query: string, as = ALICE) =>
    ours(rows<{ event_type: string; organization_id: string }>(await events(query, as))).map(({ event_type }) => event_type);

  it('returns an admin the events of the organization, newest first, and an operator all events', async () => {
    expect(await typesOf('')).toEqual([
      'member.invitation_revoked',
      'organization.updated',
      ...Array<string>(4).fill('member.invited'),
    ]);
    expect(await typesOf('', GINA)).toEqual(['member.invited']);
    expect(await typesOf('', OLGA)).toHaveLength(7);
    expect(await typesOf(`organization_id=${alice.organization_id}`, OLGA)).toHaveLength(6);
  });

  it('filters by exact values', async () => {
    const member = String(invitations[0]!.body['id']);
    const [event] = rows<{ event_id: string }>(await events('limit=1'));
    expect(await typesOf('event_type=organization.updated')).toEqual(['organization.updated']);
    expect(await typesOf(`aggregate_type=member&aggregate_id=${member}`)).toEqual([
      'member.invitation_revoked',
      'member.invited',
    ]);
    expect(await typesOf(`correlation_id=${correlationOf(removed)}`)).toEqual(['member.invitation_revoked']);
    expect(await typesOf(`event_id=${event!.event_id}`)).toEqual(['member.invitation_revoked']);
    for (const spelling of spellingsOf(event!.event_id)) {
      expect(await typesOf(`event_id=${spelling}`)).toEqual(['member.invitation_revoked']);
      expect((await system.request('GET', `/admin/events/${spelling}`, { as: ALICE })).body).toMatchObject(event!);
    }
    for (const spelling of spellingsOf(alice.organization_id)) {
      expect(await typesOf(`organization_id=${spelling}`)).toHaveLength(6);
      expect(await typesOf(`aggregate_id=${spelling}`)).toEqual(['organization.updated']);
      const filter = { organization_id: decodeURIComponent(spelling), aggregate_id: decodeURIComponent(spelling) };
      const replay = await system.request('POST', '/admin/events/replay', { as: ALICE, body: { filter } });
      expect(replay).toMatchObject({ status: 404, body: { detail: expect.stringContaining('no sink') } }); // and not 403
    }
    for (const spelling of spellingsOf(correlationOf(removed)))
      expect(await typesOf(`correlation_id=${spelling}`)).toEqual(['member.invitation_revoked']);
    expect(await typesOf(`event_id=${event!.event_id}`, GINA)).toEqual([]);
  });

  it('pages have no gap and no repetition', async () => {
    const pages = await pagesOf('/admin/events?limit=4', OLGA);
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.slice(0, -1).every(({ length }) => length === 4)).toBe(true);
    const ids = ours(pages.flat()).map((event) => event['event_id']);
    expect([ids.length, new Set(ids).size]).toEqual([7, 7]);
  });

  it('returns complete events to an admin, and events without personal data to an operator', async () => {
    const [{ event_id: id }] = rows<{ event_id: string }>(await events(`event_type=member.invitation_revoked`)) as [
      { event_id: string },
    ];
    const own = await system.request('GET', `/admin/events/${id}`, { as: ALICE });
    expect(own.body).toMatchObject({
      event_id: id,
      status: 'pending',
      attempts: 0,
      published_at: null,
      payload: { actor: { email: ALICE }, data: { email: 'a@example.com' } },
      deliveries: [],
      failed_attempts: [],
      receipts: [],
    });
    const one = await system.request('GET', `/admin/events/${id}`, { as: OLGA });
    const trail = await system.request('GET', `/admin/correlations/${correlationOf(removed)}`, { as: OLGA });
    const entries = (trail.body['entries'] as { kind: string }[]).filter(({ kind }) => kind === 'event');
    for (const shown of [one.body, ...rows(await events(`event_id=${id}`, OLGA)), ...entries]) {
      expect(shown).toMatchObject({ payload: { actor: { id: alice.id, email: '[masked]' }, data: { email: '[masked]' } } });
      expect(JSON.stringify(shown)).not.toContain('@example.com');
    }
    expect(entries).toHaveLength(1);
    expect((await system.request('GET', `/admin/events/${id}`, { as: GINA })).status).toBe(404);
  });

  describe('in each delivery state', () => {
    const STATUSES = ['retrying', 'waiting', 'failed', 'skipped', 'published'] as const;

    beforeAll(async () => {
      const worker = await connect(system.database.workerUrl);
      await worker.query(`insert into outbox.outbox_sink (name) values ('local/test')`);
      for (const [at, status] of STATUSES.entries()) {
        await worker.query(
          `insert into outbox.outbox_delivery (sink, event_id, position, status, attempts, last_error, event_type, schema_version,
             aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at, payload)
           select 'local/test', event_id, position, $1, $2, $3, event_type, schema_version, aggregate_type, aggregate_id,
             organization_id, correlation_id, occurred_at, payload
           from outbox.outbox_log where organization_id = any ($5) order by position limit 1 offset $4`,
          [status, at, status === 'failed' ? 'refused' : null, at, [alice.organization_id, gina.organization_id]],
        );
      }
      await worker.query(
        `insert into outbox.outbox_attempt (sink, event_id, error)
         select 'local/test', event_id, 'refused' from outbox.outbox_delivery where status = 'failed'`,
      );
      await worker.query(
        `insert into outbox.consumer_receipt (consumer, event_id, state, done_at, result)
         select 'test', event_id, 'done', clock_timestamp(), '{"message_id":"1"}' from outbox.outbox_delivery where status = 'published'`,
      );
      await worker.end();
    });

    it.each(STATUSES)('returns the events with the status %s', async (status) => {
      const found = rows<{ status: string; attempts: number }>(await events(`status=${status}`, OLGA));
      expect(found.map((event) => event.status)).toEqual([status]);
      expect(found[0]!.attempts).toBe(STATUSES.indexOf(status));
    });

    it('returns pending for events that no sink has processed', async () => {
      expect(await typesOf('status=pending', OLGA)).toEqual(['member.invitation_revoked', 'organization.updated']);
    });

    it('shows why a delivery failed and what the consumers did', async () => {
      const [failed] = rows<{ event_id: string }>(await events('status=failed', OLGA));
      const one = await system.request('GET', `/admin/events/${failed!.event_id}`, { as: ALICE });
      expect(one.body).toMatchObject({
        status: 'failed',
        last_error: 'refused',
        deliveries: [{ sink: 'local/test', status: 'failed', attempts: 2 }],
        failed_attempts: [{ sink: 'local/test', error: 'refused' }],
      });
      const [published] = rows<{ event_id: string; published_at: string }>(await events('status=published', OLGA));
      expect(Date.parse(published!.published_at)).not.toBeNaN();
      const done = await system.request('GET', `/admin/events/${published!.event_id}`, { as: OLGA });
      expect(done.body).toMatchObject({ receipts: [{ consumer: 'test', state: 'done', result: { message_id: '1' } }] });
    });

    it('lists the events with their attempts in the trail', async () => {
      const answer = await system.request('GET', `/admin/correlations/${correlationOf(invitations[2]!)}`, { as: ALICE });
      const kinds = (answer.body['entries'] as { kind: string; event?: string }[]).map(({ kind, event }) => event ?? kind);
      for (const kind of ['member_invite_started', 'audit', 'event', 'attempt', 'request_completed'])
        expect(kinds).toContain(kind);
      expect(kinds.indexOf('attempt')).toBe(kinds.length - 1);
    });
  });
});

describe('the trail of a correlation id', () => {
  it('is empty for an unknown id', async () => {
    const id = randomUUID();
    for (const as of [ALICE, OLGA]) {
      const answer = await system.request('GET', `/admin/correlations/${id}`, { as });
      expect(answer).toMatchObject({ status: 200, body: { correlation_id: id, entries: [], truncated: [] } });
    }
  });

  it('shows an admin only its own organization, even if another one used the same id', async () => {
    const id = randomUUID();
    const headers = { 'x-correlation-id': id };
    await system.request('PATCH', '/organization', { as: ALICE, body: { name: 'Acme again' }, headers });
    await system.request('PATCH', '/organization', { as: GINA, body: { name: 'Globex again' }, headers });
    const shown = JSON.stringify((await system.request('GET', `/admin/correlations/${id}`, { as: GINA })).body);
    expect(shown).toContain('Globex again');
    expect(shown).not.toContain('Acme');
    expect(shown).not.toContain(ALICE);
    const all = JSON.stringify((await system.request('GET', `/admin/correlations/${id}`, { as: OLGA })).body);
    expect(all).toContain(alice.organization_id);
  });
});

describe('a secret that was stored with an event', () => {
  const STORED = 'refused: Authorization: Bearer canary-1, postgres://alice:can/ary-2@db/app, {"api_key":"canary-3"}';

  it('is hidden in every response, and unchanged in the database', async () => {
    const invited = await system.request('POST', '/members/invitations', { as: ALICE, body: { email: 'z@example.com', role: 'member' } }); // prettier-ignore
    const correlationId = correlationOf(invited);
    const [event] = await system.query<{ event_id: string }>(
      `select event_id from outbox.outbox_log where correlation_id = '${correlationId}'`,
    );
    const id = event!.event_id;
    await system.query(`
      insert into outbox.outbox_sink (name, ordering, state) values ('spec/secrets', 'none', 'paused') on conflict do nothing;
      insert into outbox.outbox_delivery (sink, event_id, position, status, attempts, last_error, event_type, schema_version,
        aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at, payload)
      select 'spec/secrets', event_id, position, 'failed', 1, '${STORED}', event_type, schema_version,
        aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at,
        jsonb_set(payload::jsonb, '{data,note}', to_jsonb('${STORED}'::text)) from outbox.outbox_log where event_id = '${id}';
      insert into outbox.outbox_attempt (sink, event_id, error) values ('spec/secrets', '${id}', '${STORED}');
      insert into outbox.consumer_receipt (consumer, event_id, state, done_at, result)
      values ('spec-secrets', '${id}', 'done', now(), jsonb_build_object('answer', '${STORED}'::text, 'auth', 'canary-4'))`);
    for (const as of [ALICE, OLGA]) {
      for (const path of [
        `/admin/events?event_id=${id}`,
        `/admin/events/${id}`,
        `/admin/correlations/${correlationId}`,
        '/admin/outbox',
      ]) {
        const answer = await system.request('GET', path, { as });
        const text = JSON.stringify(answer.body);
        expect(text).not.toMatch(/canary|can\/ary/);
        if (path.includes(id))
          expect(text).toContain('refused: Authorization: Bearer [redacted], postgres://alice:[redacted]@db/app');
      }
    }
    const [kept] = await system.query<{ last_error: string }>(
      `select last_error from outbox.outbox_delivery where event_id = '${id}'`,
    );
    expect(kept!.last_error).toBe(STORED);
  });
});
