import { newId } from '@pikaia/core';
import { FIND_NAMED_MEMBERS, FIND_NAMED_MEMBERS_OF_ALL } from '../../apps/api/src/administration/search.sql.js';
import { System } from '../support/system/system.js';
import { createTenant, type Tenant } from '../support/system/tenants.js';

const OLGA = 'olga@example.com'; // an operator
const VERA = 'vera@example.com'; // a viewer

interface Result {
  readonly type: string;
  readonly id: string;
  readonly label: string | null;
  readonly url: string;
}

interface Entry {
  readonly action: string;
  readonly organization_id: string;
  readonly involvement: string;
  readonly ip_address: string | null;
}

let system: System;
let amber: Tenant;
let birch: Tenant;
/** A person who is a member of both organizations. */
let bob: { id: string; email: string };

const get = (path: string, as: string) => system.request('GET', path, { as });
const search = async (query: unknown, as: string) => {
  const { status, body } = await system.request('POST', '/admin/search', { as, body: { query } });
  expect([query, status]).toEqual([query, 200]);
  return body as unknown as { results: Result[]; has_more: boolean };
};
const found = async (query: string, as: string) => (await search(query, as)).results.map(({ type, id }) => `${type} ${id}`);
const activity = async (path: string, as: string) => {
  const entries: Entry[] = [];
  for (let cursor: unknown = ''; cursor !== null;) {
    const { status, body } = await get(
      `${path}${path.includes('?') ? '&' : '?'}limit=2${cursor ? `&cursor=${String(cursor)}` : ''}`,
      as,
    );
    expect(status).toBe(200);
    entries.push(...(body['data'] as Entry[]));
    cursor = body['next_cursor'];
  }
  return entries;
};
const actionsOf = (entries: readonly Entry[]) => entries.map(({ action, involvement }) => `${action} (${involvement})`);

beforeAll(async () => {
  system = await System.start();
  [amber, birch] = [await createTenant(system, 'amber'), await createTenant(system, 'birch')];
  const email = `bob-${newId().slice(-8)}@example.com`;
  for (const { admin } of [amber, birch])
    await system.request('POST', '/members/invitations', { as: admin, body: { email, name: 'Bob Über', role: 'member' } });
  const [row] = await system.query<{ id: string }>('select id from organizations_user where email_key = $1', [email]);
  bob = { id: row!.id, email };
  for (const { organizationId } of [amber, birch])
    await system.query(
      `update organizations_member set status = 'active', provider_id = $3, joined_at = now() where user_id = $1 and organization_id = $2`,
      [bob.id, organizationId, `member-test-${newId()}`],
    );
  await system.request('PATCH', '/me', { as: bob.email, body: { name: 'Bob Übermann' } });
});
afterAll(() => system.stop());

describe('POST /admin/search', () => {
  it('finds an event, its correlation id, an audit entry and a command by id, and leads to each', async () => {
    const event = (
      (await get('/admin/events?event_type=organization.updated', amber.admin)).body['data'] as Record<string, string>[]
    )[0]!;
    const entry = (
      (await get('/admin/audit-logs?action=organization.updated', amber.admin)).body['data'] as Record<string, string>[]
    )[0]!;
    const command = ((await get('/admin/outbox/commands', amber.admin)).body['data'] as Record<string, string>[])[0]!;
    for (const [type, id] of [
      ['event', event['event_id']!],
      ['correlation', event['correlation_id']!],
      ['audit_entry', entry['id']!],
      ['command', command['id']!],
    ] as const) {
      for (const [as, text] of [
        [amber.admin, id],
        [OLGA, id.toUpperCase()],
        [VERA, ` ${id} `],
      ] as const) {
        const { results } = await search(text, as);
        expect(results.filter((one) => one.type === type)).toMatchObject([{ id }]);
        for (const { url } of results) expect((await get(url.replace('/api/v1', ''), as)).status).toBe(200);
      }
      expect(await found(id, birch.admin)).toEqual([]);
    }
  });

  it('finds a webhook delivery by its id and by that of its event, in the organization of an admin, and leads to it', async () => {
    const [delivery] = await system.query<{ id: string; event_id: string }>(
      `select id, event_id from webhook_delivery where organization_id = $1 and kind = 'event' limit 1`,
      [amber.organizationId],
    );
    for (const text of [delivery!.id, delivery!.event_id]) {
      for (const as of [amber.admin, OLGA, VERA]) {
        const { results } = await search(text, as);
        expect(results.filter(({ type }) => type === 'webhook_delivery')).toMatchObject([{ id: delivery!.id }]);
        for (const { url } of results) expect((await get(url.replace('/api/v1', ''), as)).status).toBe(200);
      }
      expect(await found(text, birch.admin)).toEqual([]);
    }
  });

  it('finds a person by id, member id, address in any spelling and the beginning of the name, in the organization of an admin', async () => {
    const members = await system.query<{ id: string; organization_id: string }>(
      'select id, organization_id from organizations_member where user_id = $1',
      [bob.id],
    );
    const inAmber = members.find(({ organization_id: id }) => id === amber.organizationId)!.id;
    const inBirch = members.find(({ organization_id: id }) => id === birch.organizationId)!.id;
    for (const text of [bob.id, bob.email, bob.email.toUpperCase()])
      expect(await found(text, amber.admin)).toEqual([`person ${bob.id}`, `member ${inAmber}`]);
    for (const text of ['bob ü', 'BOB Ü', inAmber]) expect(await found(text, amber.admin)).toContain(`member ${inAmber}`);
    expect(await found(inBirch, amber.admin)).toEqual([]);
    for (const text of ['bob%', 'bob_', '%', "bob'", 'mann', 'nobody@example.com', newId()])
      expect(await found(text, amber.admin)).toEqual([]);
    expect((await found(bob.email, OLGA)).toSorted()).toEqual(
      [`person ${bob.id}`, `member ${inAmber}`, `member ${inBirch}`].toSorted(),
    );
  });

  it('shows an operator no name and no address of a person', async () => {
    for (const text of [bob.email, bob.id, 'bob'])
      for (const as of [OLGA, VERA]) {
        const { results } = await search(text, as);
        expect(results.length).toBeGreaterThan(0);
        for (const { type, label } of results) if (type === 'person' || type === 'member') expect(label).toBe('[masked]');
      }
  });

  it('finds organizations by id, slug and name for operators, and only their own for admins', async () => {
    const { organizationId } = amber;
    const [{ slug, name }] = (await system.query<{ slug: string; name: string }>(
      'select slug, name from organizations_organization where id = $1',
      [organizationId],
    )) as [{ slug: string; name: string }];
    for (const text of [organizationId, slug, name.toUpperCase()])
      expect(await found(text, OLGA)).toContain(`organization ${organizationId}`);
    expect(await found(organizationId, amber.admin)).toEqual([`organization ${organizationId}`]);
    for (const text of [organizationId, slug, name]) expect(await found(text, birch.admin)).toEqual([]);
  });

  it('returns at most 20 results of a type', async () => {
    await system.query(
      `insert into organizations_user (id, email) select gen_random_uuid(), 'many-' || n || '@example.com' from generate_series(1, 25) n`,
    );
    await system.query(
      `insert into organizations_member (id, organization_id, user_id, name, role, status) select gen_random_uuid(), $1, id, 'Many ' || email,
       'member', 'removed' from organizations_user where email like 'many-%'`,
      [amber.organizationId],
    );
    for (const as of [amber.admin, OLGA]) {
      const { results, has_more: hasMore } = await search('many', as);
      expect([results.length, hasMore]).toEqual([20, true]);
    }
  });

  it('leaves no text of the search in a log line or a stored response, also with an idempotency key', async () => {
    const key = newId();
    for (const _ of [1, 2]) {
      const { headers } = await system.request('POST', '/admin/search', {
        as: amber.admin,
        body: { query: bob.email },
        headers: { 'idempotency-key': `"${key}"` },
      });
      expect(headers.get('idempotent-replayed')).toBeNull();
    }
    await search(bob.email, OLGA);
    const lines = system.api.lines.filter((line) => JSON.stringify(line).includes('/admin/search'));
    expect(lines.length).toBeGreaterThan(2);
    expect(JSON.stringify(lines)).not.toContain(bob.email);
    expect(await system.query("select 1 from idempotency_key where body like '%' || $1 || '%'", [bob.email])).toEqual([]);
  });

  it('refuses an empty and a long text, and members', async () => {
    for (const query of ['', ' ', '\u200b', 'x'.repeat(255), null, 7, ['a']])
      expect((await system.request('POST', '/admin/search', { as: OLGA, body: { query } })).status).toBe(422);
    expect((await system.request('POST', '/admin/search', { as: bob.email, body: { query: 'a' } })).status).toBe(403);
  });

  it.each([
    ['organizations_member_name', FIND_NAMED_MEMBERS, ['bob', newId()]],
    ['organizations_member_any_name', FIND_NAMED_MEMBERS_OF_ALL, ['bob']],
  ])('uses the index %s', async (index, sql, values) => {
    await system.query(
      `insert into organizations_user (id, email) select gen_random_uuid(), 'plan-${index}-' || n || '@example.com' from generate_series(1, 5000) n`,
    );
    await system.query(
      `insert into organizations_member (id, organization_id, user_id, name, role, status) select gen_random_uuid(), $1, id, md5(id::text),
       'member', 'removed' from organizations_user where email like 'plan-${index}-%'`,
      [birch.organizationId],
    );
    await system.query('analyze organizations_member');
    const plan = await system.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, values);
    expect(JSON.stringify(plan)).toContain(index);
  });
});

describe('GET /admin/people/:id', () => {
  it('shows an admin the person as the organization knows them, and an operator all memberships without name and address', async () => {
    const own = await get(`/admin/people/${bob.id}`, amber.admin);
    expect(own.body).toMatchObject({ id: bob.id, email: bob.email, platform_role: null });
    expect(own.body['memberships']).toMatchObject([{ organization_id: amber.organizationId, status: 'active' }]);
    for (const as of [OLGA, VERA]) {
      const { body } = await get(`/admin/people/${bob.id}`, as);
      expect(body).toMatchObject({ id: bob.id, email: '[masked]', name: '[masked]' });
      expect(body['memberships']).toHaveLength(2);
    }
  });

  it('responds 404 for a person of another organization', async () => {
    const { body } = await get('/me', birch.admin);
    for (const path of ['', '/activity']) {
      expect((await get(`/admin/people/${String(body['id'])}${path}`, amber.admin)).status).toBe(404);
      expect((await get(`/admin/people/${newId()}${path}`, OLGA)).status).toBe(404);
    }
  });
});

describe('the activity of a person', () => {
  it('has what they did and what was done to them, in the organization of an admin and in all for an operator', async () => {
    const path = `/admin/people/${bob.id}/activity`;
    const inAmber = await activity(path, amber.admin);
    const inBirch = await activity(path, birch.admin);
    expect(inAmber.every(({ organization_id: id }) => id === amber.organizationId)).toBe(true);
    expect(inBirch.every(({ organization_id: id }) => id === birch.organizationId)).toBe(true);
    expect([...actionsOf(inAmber), ...actionsOf(inBirch)].toSorted()).toEqual([
      'member.invited (subject)',
      'member.invited (subject)',
      'user.profile_updated (actor)',
    ]);
    expect(actionsOf(await activity(path, OLGA))).toEqual([
      'user.profile_updated (actor)',
      'member.invited (subject)',
      'member.invited (subject)',
    ]);
    expect(actionsOf(await activity(`${path}?involvement=actor`, OLGA))).toEqual(['user.profile_updated (actor)']);
    expect(actionsOf(await activity(`${path}?involvement=subject`, amber.admin))).toEqual(['member.invited (subject)']);
  });

  it('has the events that the request of each entry published about the object, in the organization of an admin', async () => {
    const path = `/admin/people/${bob.id}/activity?involvement=subject`;
    for (const as of [amber.admin, birch.admin]) {
      const { body } = await get(path, as);
      const [invited] = body['data'] as { aggregate_id: string; events: object[] }[];
      expect(invited!.events).toEqual([
        {
          event_id: expect.any(String),
          event_type: 'member.invited',
          aggregate_type: 'member',
          aggregate_id: invited!.aggregate_id,
          occurred_at: expect.any(String),
          status: expect.any(String),
        },
      ]);
    }
    const all = (await get(path, OLGA)).body['data'] as { events: object[] }[];
    expect(all.map(({ events }) => events.length)).toEqual([1, 1]);
  });

  it('is limited to a period, which must not end before it begins', async () => {
    const path = `/admin/people/${bob.id}/activity`;
    const [newest, oldest] = (await get(path, amber.admin)).body['data'] as { action: string; created_at: string }[];
    expect([newest!.action, oldest!.action]).toEqual(['user.profile_updated', 'member.invited']);
    const [from, to] = [encodeURIComponent(oldest!.created_at), encodeURIComponent(newest!.created_at)];
    expect(actionsOf(await activity(`${path}?from=${from}&to=${to}`, amber.admin))).toEqual(['member.invited (subject)']);
    expect(actionsOf(await activity(`${path}?from=${to}`, OLGA))).toEqual(['user.profile_updated (actor)']);
    expect(actionsOf(await activity(`/me/activity?from=${to}`, bob.email))).toEqual(['user.profile_updated (actor)']);
    for (const query of [`from=${to}&to=${from}`, 'from=yesterday'])
      expect((await get(`/me/activity?${query}`, bob.email)).status).toBeGreaterThanOrEqual(400);
  });

  it('is shown to the person over all their organizations, without the address of others', async () => {
    const own = await activity('/me/activity', bob.email);
    expect(actionsOf(own)).toEqual(['user.profile_updated (actor)', 'member.invited (subject)', 'member.invited (subject)']);
    expect(new Set(own.map(({ organization_id: id }) => id)).size).toBe(2);
    for (const { involvement, ip_address: address } of own) expect(address !== null).toBe(involvement === 'actor');
    expect((await activity('/me/activity', OLGA)).length).toBe(0);
  });
});
