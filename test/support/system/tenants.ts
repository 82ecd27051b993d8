import { randomUUID } from 'node:crypto';
import { newId } from '@pikaia/core';
import type { System } from './system.js';

/** An organization of a test. Its names, addresses and ids occur in no other organization. */
export interface Tenant {
  readonly organizationId: string;
  readonly admin: string;
  readonly member: string;
}

/**
 * Creates an organization with an admin, members, a subscription, invitations, events, audit entries, a command, and a webhook endpoint
 * with deliveries. It needs a worker.
 */
export async function createTenant(system: System, name: string): Promise<Tenant> {
  const mark = `${name}-${randomUUID().slice(0, 8)}`;
  const organizationId = newId();
  await system.query('insert into organizations_organization (id, name, slug, provider_id) values ($1, $2, $3, $4)', [
    organizationId,
    `The ${mark} company`,
    mark,
    `organization-test-${mark}`,
  ]);
  const addMember = async (who: string, role: string): Promise<string> => {
    const email = `${who}@${mark}.example`;
    await system.query(
      `with person as (insert into organizations_user (id, email, email_key) values ($1, $2, $2) returning id)
       insert into organizations_member (id, organization_id, user_id, email, name, role, status, provider_id, joined_at)
       select $3, $4, id, $2, $5, $6, 'active', $7, now() from person`,
      [newId(), email, newId(), organizationId, `${who} of ${mark}`, role, `member-test-${who}-${mark}`],
    );
    return email;
  };
  const admin = await addMember('admin', 'admin');
  const member = await addMember('member', 'member');
  await addMember('other', 'member');
  await system.query(
    `insert into subscription (id, organization_id, provider_id, status, price_id, cancel_at_period_end, active_since, provider_version)
     values ($1, $2, $3, 'active', $4, false, now(), now())`,
    [newId(), organizationId, `sub_${mark}`, `price_${mark}`],
  );
  const request = async (method: string, path: string, body?: object) => {
    const headers = { prefer: 'change-token' };
    const answer = await system.request(method, path, { as: admin, headers, ...(body && { body }) });
    if (answer.status >= 300) throw new Error(`${method} ${path} responds ${answer.status}`);
    return answer;
  };
  const endpoint = await request('POST', '/webhooks/endpoints', {
    url: `https://hooks.${mark}.example/`,
    description: `Of ${mark}`,
  });
  for (const who of ['invited', 'promoted', 'removed'])
    await request('POST', '/members/invitations', {
      email: `${who}@${mark}.example`,
      name: `${who} of ${mark}`,
      role: 'member',
    });
  const { data } = (await request('GET', '/members')).body as { data: { id: string; email: string }[] };
  const idOf = (who: string) => data.find(({ email }) => email.startsWith(`${who}@`))!.id;
  await request('PATCH', `/members/${idOf('promoted')}`, { role: 'admin' });
  const removed = await request('DELETE', `/members/${idOf('removed')}`);
  for (const consumer of ['permissions-cache', 'webhook-fan-out']) await system.waitUntilSeen(consumer, removed);
  await request('POST', `/webhooks/endpoints/${String(endpoint.body['id'])}/test`);
  await request('PATCH', '/organization', { name: `The renamed ${mark} company` });
  const { data: events } = (await request('GET', '/admin/events?event_type=member.invited')).body as {
    data: { event_id: string }[];
  };
  await request('POST', `/admin/events/${events[0]!.event_id}/replay`);
  return { organizationId, admin, member };
}

/** A row of a table. */
export interface Row {
  readonly table: string;
  readonly columns: Readonly<Record<string, unknown>>;
}

/** Reads the rows of organizations in all tables that have the column `organization_id`, with the organizations and their persons. */
export async function rowsOf(system: System, tenants: readonly Tenant[]): Promise<Row[]> {
  let query = queries.get(system);
  if (query === undefined) queries.set(system, (query = await rowsQuery(system)));
  return system.query<Row & Record<string, unknown>>(query, [tenants.map(({ organizationId }) => organizationId)]);
}

const queries = new WeakMap<System, string>();

async function rowsQuery(system: System): Promise<string> {
  const tables = await system.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_attribute a on a.attrelid = c.oid
     where a.attname = 'organization_id' and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  );
  const select = (table: string, condition: string) =>
    `select '${table}' as table, to_jsonb(t) as columns from ${table} t where ${condition}`;
  const selects = [
    ...tables.map(({ name }) => select(name, 'organization_id::text = any ($1)')),
    select('organizations_organization', 'id::text = any ($1)'),
    select('organizations_user', 'id in (select user_id from organizations_member where organization_id::text = any ($1))'),
  ];
  return `${selects.join(' union all ')} order by 1, 2`;
}
