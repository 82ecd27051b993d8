import pg from 'pg';
import { System, type ApiResponse } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com';
const CAROL = 'carol@example.com';
const GINA = 'gina@example.com';
const OLGA = 'olga@example.com';
const CORRELATION = '6a1c1d1e-9d4b-4c1a-8f53-2a1b3c4d5e6f';
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

interface Trace {
  readonly events: { readonly event_type: string; readonly data: Record<string, unknown> }[];
  readonly entries: {
    readonly action: string;
    readonly changed: string[];
    readonly diff: { readonly old: Record<string, unknown> | null; readonly new: Record<string, unknown> | null };
  }[];
}

let system: System;
beforeAll(async () => {
  system = await System.start({ worker: false, environment: { TRUSTED_PROXIES: '1' } });
});
afterAll(() =>
  expect(system.lines.filter(({ event, level }) => event === 'audit_record_missing' || level === 'ERROR')).toEqual([]),
);
afterAll(() => system.stop());

const invite = (email: string, fields: Record<string, unknown> = {}, as = ALICE) =>
  system.request('POST', '/members/invitations', { as, body: { email, role: 'member', ...fields } });
const data = <T = Record<string, unknown>>({ body }: ApiResponse) => body['data'] as T[];
const correlationOf = (answer: ApiResponse) => answer.headers.get('x-correlation-id')!;

async function memberOf(email: string): Promise<string> {
  const rows = await system.query<{ id: string }>(
    `select m.id from organizations_member m join organizations_user u on u.id = m.user_id where u.email = $1 and m.status <> 'removed'`,
    [email],
  );
  return rows[0]!.id;
}

/** Invites a person and makes the member active, which no route does yet. */
async function createActiveMember(email: string, role = 'member'): Promise<string> {
  const id = (await invite(email, { role })).body['id'] as string;
  await system.query(
    `update organizations_member set status = 'active', joined_at = now(), provider_id = 'member-test-' || id where id = $1`,
    [id],
  );
  return id;
}

/** The events and audit entries of one request. */
async function traceOf(answer: ApiResponse): Promise<Trace> {
  const id = [correlationOf(answer)];
  return {
    events: await system.query(
      `select event_type, payload->'data' as data from outbox.outbox_log where correlation_id = $1 order by position`,
      id,
    ),
    entries: await system.query(
      `select v.action, r.changed, v.diff from events_auditlog v join audit.record r on r.id = v.id where v.correlation_id = $1`,
      id,
    ),
  };
}
const NOTHING: Trace = { events: [], entries: [] };

describe('the access of members and operators', () => {
  it('GET /me returns the identity of members and operators', async () => {
    expect((await system.request('GET', '/me', { as: ALICE })).body).toEqual({
      id: expect.stringMatching(UUID),
      email: ALICE,
      name: 'Alice Adams',
      member_id: await memberOf(ALICE),
      role: 'admin',
      organization_id: expect.stringMatching(UUID),
    });
    expect((await system.request('GET', '/me', { as: OLGA })).body).toMatchObject({
      email: OLGA,
      member_id: null,
      role: 'operator',
      organization_id: null,
    });
  });

  it('every member sees the organization, and only admins see its members', async () => {
    const organization = await system.request('GET', '/organization', { as: CAROL });
    expect(organization.body).toMatchObject({ id: expect.stringMatching(UUID), name: 'Acme', slug: 'acme' });
    const carol = `/members/${await memberOf(CAROL)}`;
    expect((await system.request('GET', carol, { as: ALICE })).body).toMatchObject({
      email: CAROL,
      role: 'member',
      status: 'active',
    });
    expect((await system.request('GET', carol.toUpperCase().replace('MEMBERS', 'members'), { as: ALICE })).status).toBe(200);
    expect((await system.request('GET', carol, { as: GINA })).status).toBe(404);
  });

  it.each([
    ['GET', '/members', CAROL],
    ['GET', '/members/:carol', CAROL],
    ['POST', '/members/invitations', CAROL],
    ['PATCH', '/members/:carol', CAROL],
    ['DELETE', '/members/:carol', CAROL],
    ['PATCH', '/organization', CAROL],
    ['GET', '/admin/audit-logs', CAROL],
    ['GET', '/admin/events', CAROL],
    ['GET', `/admin/correlations/${CORRELATION}`, CAROL],
    ['GET', '/organization', OLGA],
    ['GET', '/members', OLGA],
    ['POST', '/members/invitations', OLGA],
    ['DELETE', '/members/:carol', OLGA],
  ])('%s %s is refused for %s', async (method, path, as) => {
    const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} };
    const answer = await system.request(method, path.replace(':carol', await memberOf(CAROL)), { as, ...body });
    expect(answer.status).toBe(403);
  });

  it('GET /members returns every member once, page by page', async () => {
    await Promise.all(['p1', 'p2', 'p3', 'p4', 'p5'].map((name) => invite(`${name}@example.com`, {}, GINA)));
    const emails: string[] = [];
    const sizes: number[] = [];
    for (let cursor: unknown = ''; cursor !== null;) {
      const page = await system.request('GET', `/members?limit=2${cursor ? `&cursor=${String(cursor)}` : ''}`, { as: GINA });
      emails.push(...data<{ email: string }>(page).map(({ email }) => email));
      sizes.push(data(page).length);
      cursor = page.body['next_cursor'];
    }
    expect((await system.request('GET', '/members?cursor=', { as: GINA })).status).toBe(422);
    expect(sizes).toEqual([2, 2, 2]); // the last full page has no next_cursor
    expect([...emails].sort()).toEqual([GINA, ...['p1', 'p2', 'p3', 'p4', 'p5'].map((name) => `${name}@example.com`)].sort());
  });
});

describe('an invitation', () => {
  it('that is repeated for an invited person gets 200, a later invited_at and one more event, and records only the changes', async () => {
    const first = await invite('dora@example.com', { name: 'Dora' });
    const [before] = await system.query<{ invited_at: Date }>('select invited_at from organizations_member where id = $1', [
      first.body['id'],
    ]);
    const again = await invite('dora@example.com');
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body).toEqual(first.body);
    const [after] = await system.query<{ invited_at: Date }>('select invited_at from organizations_member where id = $1', [
      first.body['id'],
    ]);
    expect(after!.invited_at.getTime()).toBeGreaterThan(before!.invited_at.getTime());
    const { events, entries } = await traceOf(again);
    expect(events).toEqual([
      { event_type: 'member.invited', data: expect.objectContaining({ email: 'dora@example.com', name: 'Dora' }) },
    ]);
    expect(entries).toEqual([
      {
        action: 'member.invited',
        changed: ['invited_at'],
        diff: { old: { invited_at: expect.any(String) }, new: { invited_at: expect.any(String) } },
      },
    ]);
  });

  it('that is repeated with another role sets the new role', async () => {
    await invite('emil@example.com');
    const again = await invite('emil@example.com', { role: 'admin' });
    expect(again.body).toMatchObject({ role: 'admin', status: 'invited' });
    expect((await traceOf(again)).entries[0]).toMatchObject({
      changed: ['invited_at', 'role'],
      diff: { old: { role: 'member' }, new: { role: 'admin' } },
    });
  });

  it('to an address that differs only in case, reaches the same person and shows the address as last typed', async () => {
    const first = await invite('Frida@Example.com');
    const again = await invite(' frida@example.COM ');
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body).toEqual({ ...first.body, email: 'frida@example.COM' });
    const users = await system.query(`select id from organizations_user where email_key = 'frida@example.com'`);
    expect(users).toHaveLength(1);
  });

  it('in each of two organizations gives one person two memberships', async () => {
    const answers = [await invite('gero@example.com'), await invite('gero@example.com', {}, GINA)];
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(answers[0]!.body['id']).not.toBe(answers[1]!.body['id']);
  });

  it('of an active member gets 409, and nothing is written', async () => {
    const answer = await invite(CAROL);
    expect(answer.status).toBe(409);
    expect(await traceOf(answer)).toEqual(NOTHING);
  });
});

describe('a change', () => {
  it('of the organization leaves a row, an event and an audit entry with old and new values', async () => {
    const answer = await system.request('PATCH', '/organization', {
      as: GINA,
      body: { name: 'Globex Corporation', slug: 'globex' },
    });
    expect(answer.body).toMatchObject({ name: 'Globex Corporation', slug: 'globex' });
    expect(await traceOf(answer)).toEqual({
      events: [
        {
          event_type: 'organization.updated',
          data: { changed: ['name'], old: { name: 'Globex' }, new: { name: 'Globex Corporation' } },
        },
      ],
      entries: [
        {
          action: 'organization.updated',
          changed: ['name'],
          diff: { old: { name: 'Globex' }, new: { name: 'Globex Corporation' } },
        },
      ],
    });
  });

  it('without a new value leaves no event and no audit entry', async () => {
    for (const body of [{ name: 'Acme' }, { name: ' Acme\u00a0' }, { name: 'Acme\u200b' }, { slug: 'acme' }, {}]) {
      const answer = await system.request('PATCH', '/organization', { as: ALICE, body });
      expect(answer.status).toBe(200);
      expect(await traceOf(answer)).toEqual(NOTHING);
    }
    const answer = await system.request('PATCH', `/members/${await memberOf(CAROL)}`, { as: ALICE, body: { role: 'member' } });
    expect(answer.status).toBe(200);
    expect(await traceOf(answer)).toEqual(NOTHING);
  });

  it('of a role records old and new values, not the data of its event, and applies from the next request', async () => {
    const path = `/members/${await createActiveMember('hanna@example.com')}`;
    expect((await system.request('GET', '/members', { as: 'hanna@example.com' })).status).toBe(403);
    const answer = await system.request('PATCH', path, { as: ALICE, body: { role: 'admin' } });
    expect(answer.body).toMatchObject({ email: 'hanna@example.com', role: 'admin' });
    expect(await traceOf(answer)).toEqual({
      events: [
        {
          event_type: 'member.role_changed',
          data: { user_id: answer.body['user_id'], email: 'hanna@example.com', old_role: 'member', new_role: 'admin' },
        },
      ],
      entries: [{ action: 'member.role_changed', changed: ['role'], diff: { old: { role: 'member' }, new: { role: 'admin' } } }],
    });
    expect((await system.request('GET', '/members', { as: 'hanna@example.com' })).status).toBe(200);
    await system.request('PATCH', path, { as: ALICE, body: { role: 'member' } });
    expect((await system.request('GET', '/members', { as: 'hanna@example.com' })).status).toBe(403);
  });

  it("of the caller's own role gets 403", async () => {
    const answer = await system.request('PATCH', `/members/${await memberOf(ALICE)}`, { as: ALICE, body: { role: 'member' } });
    expect(answer.status).toBe(403);
    expect(await traceOf(answer)).toEqual(NOTHING);
  });

  it('of a member of another organization gets 404', async () => {
    const path = `/members/${await memberOf(CAROL)}`;
    expect((await system.request('PATCH', path, { as: GINA, body: { role: 'admin' } })).status).toBe(404);
    expect((await system.request('DELETE', path, { as: GINA })).status).toBe(404);
  });

  it('gets 409 if it would leave no admin, even if several admins leave concurrently', async () => {
    const gina = await memberOf(GINA);
    expect((await system.request('DELETE', `/members/${gina}`, { as: GINA })).status).toBe(409);
    const id = (await invite('ida@example.com', { role: 'admin' }, GINA)).body['id'] as string;
    expect((await system.request('DELETE', `/members/${gina}`, { as: GINA })).status).toBe(409); // an invited admin does not count
    await system.query(`update organizations_member set status = 'active', provider_id = 'member-test-' || id where id = $1`, [
      id,
    ]);
    const [one, other] = await Promise.all([
      system.request('PATCH', `/members/${gina}`, { as: 'ida@example.com', body: { role: 'member' } }),
      system.request('PATCH', `/members/${id}`, { as: GINA, body: { role: 'member' } }),
    ]);
    expect([one.status, other.status].sort()).toEqual([200, 403]);
    const admins = await system.query(
      `select 1 from organizations_member m join organizations_organization o on o.id = m.organization_id
       where o.slug = 'globex' and m.role = 'admin' and m.status = 'active'`,
    );
    expect(admins).toHaveLength(1);
  });
});

describe('a request of an admin that waits for the organization', () => {
  const waiting = async () =>
    (await system.query(`select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`)).length;

  /** Sends both requests while the row of the organization is locked, the second one when the first one waits. */
  async function inTurn(first: () => Promise<ApiResponse>, second: () => Promise<ApiResponse>): Promise<ApiResponse[]> {
    const holder = new pg.Client(system.database.ownerUrl);
    await holder.connect();
    await holder.query(`begin; select from organizations_organization where slug = 'acme' for update`);
    const answers = [first()];
    await waitFor('the first request to wait', async () => (await waiting()) === 1);
    answers.push(second());
    await waitFor('the second request to wait', async () => (await waiting()) === 2);
    await holder.end(); // which also ends its transaction
    return Promise.all(answers);
  }

  it.each([
    ['invite', 'removed', 'POST', '/members/invitations', { email: 'late@example.com', role: 'admin' }],
    ['invite', 'demoted', 'POST', '/members/invitations', { email: 'late@example.com', role: 'admin' }],
    ['change a role', 'removed', 'PATCH', '/members/:carol', { role: 'admin' }],
    ['remove a member', 'demoted', 'DELETE', '/members/:carol', undefined],
    ['rename the organization', 'removed', 'PATCH', '/organization', { name: 'Late' }],
  ] as const)('gets 403 and does not %s if the admin is %s meanwhile', async (does, end, method, path, body) => {
    const email = `${does.replaceAll(' ', '-')}-${end}@example.com`;
    const id = await createActiveMember(email, 'admin');
    const carol = await memberOf(CAROL);
    await Promise.all([system.token(ALICE), system.token(email)]);
    const [ended, late] = await inTurn(
      () =>
        end === 'removed'
          ? system.request('DELETE', `/members/${id}`, { as: ALICE })
          : system.request('PATCH', `/members/${id}`, { as: ALICE, body: { role: 'member' } }),
      () => system.request(method, path.replace(':carol', carol), { as: email, ...(body && { body }) }),
    );
    expect(ended!.status).toBe(end === 'removed' ? 204 : 200);
    expect(late!.status).toBe(403);
    expect(await traceOf(late!)).toEqual(NOTHING);
  });
});

describe('a removal', () => {
  it('publishes an event, ends the access from the next request, and allows a new invitation', async () => {
    const id = await createActiveMember('jana@example.com');
    await system.query(`update organizations_member set joined_at = '2026-01-17 10:23:45.125967+00' where id = $1`, [id]);
    const jana = { as: 'jana@example.com' };
    expect((await system.request('GET', '/me', jana)).status).toBe(200);
    const answer = await system.request('DELETE', `/members/${id}`, { as: ALICE });
    expect(answer.status).toBe(204);
    expect((await system.request('GET', '/me', jana)).status).toBe(403);
    const { events, entries } = await traceOf(answer);
    expect(events).toEqual([
      { event_type: 'member.removed', data: { user_id: expect.stringMatching(UUID), email: 'jana@example.com', role: 'member' } },
    ]);
    expect(entries).toEqual([
      expect.objectContaining({
        action: 'member.removed',
        diff: { old: expect.objectContaining({ email: 'jana@example.com', role: 'member', status: 'active' }), new: null },
      }),
    ]);
    const { old } = entries[0]!.diff;
    expect(old).toHaveProperty('joined_at', '2026-01-17T10:23:45.125967Z'); // to the microsecond
    expect(Object.values(old!)).not.toContain(null);
    expect((await system.request('GET', `/members/${id}`, { as: ALICE })).status).toBe(404);
    expect((await system.request('DELETE', `/members/${id}`, { as: ALICE })).status).toBe(404); // the removal is published once
    const again = await invite('jana@example.com');
    expect(again.status).toBe(201);
    expect(again.body['id']).not.toBe(id);
    expect((await system.request('GET', '/me', jana)).status).toBe(403); // until the invitation is accepted
  });

  it('of an invited person withdraws the invitation', async () => {
    const { body } = await invite('kurt@example.com');
    expect((await system.request('DELETE', `/members/${String(body['id'])}`, { as: ALICE })).status).toBe(204);
    expect((await invite('kurt@example.com')).status).toBe(201);
  });
});

describe('a request', () => {
  it.each([
    ['a UUID', CORRELATION, CORRELATION],
    ['a UUID in upper case', CORRELATION.toUpperCase(), CORRELATION],
    ['another text', 'abc', undefined],
    ['a UUID and more text', `${CORRELATION}, ${CORRELATION}`, undefined],
    ['no text', '', undefined],
  ])('gets a valid correlation id if the header contains %s', async (_, given, kept) => {
    const answer = await system.request('GET', '/me', { as: ALICE, headers: { 'x-correlation-id': given } });
    const id = correlationOf(answer);
    expect(id).toMatch(UUID);
    if (kept) expect(id).toBe(kept);
    else expect(given).not.toContain(id);
    const origin = kept && 'client';
    await waitFor('the access line of the request', () =>
      system.api.lines.some((line) => line['trace_id'] === id && line['trace.origin'] === origin),
    );
  });
});

it.each([
  ['the one in front of the proxy', '203.0.113.7', '203.0.113.7'],
  ['not one that the client claims', '198.51.100.1, 203.0.113.7', '203.0.113.7'],
  ['in the canonical form of IPv6', '2001:DB8:0::1', '2001:db8::1'],
  ['null if the header contains no address, but the text is kept', 'not-an-ip', null],
  ['null if the last item is not an address', '203.0.113.7, not-an-ip', null],
])('a forged X-Forwarded-For does not prevent the audit entry, and its address is %s', async (_, forwarded, address) => {
  const [, number] = /(\d+)/.exec(String(performance.now()))!;
  const answer = await system.request('POST', '/members/invitations', {
    as: ALICE,
    body: { email: `address-${number}-${forwarded.length}@example.com`, role: 'member' },
    headers: { 'x-forwarded-for': forwarded, 'user-agent': 'agent/1' },
  });
  expect(answer.status).toBe(201);
  const found = await system.request('GET', `/admin/audit-logs?correlation_id=${correlationOf(answer)}`, { as: ALICE });
  expect(data(found)).toEqual([expect.objectContaining({ ip_address: address, user_agent: 'agent/1' })]);
  const stored = await system.query<{ fields: Record<string, unknown> }>(
    `select p.fields from audit.personal p join audit.record r on r.id = p.record_id and p.subject_id = r.actor_id where r.correlation_id = $1`,
    [correlationOf(answer)],
  );
  if (address === null) expect(JSON.stringify(stored)).toContain('not-an-ip');
});
