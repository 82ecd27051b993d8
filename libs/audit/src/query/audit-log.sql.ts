import type { AuditFilter, AuditScope } from './audit-filter.js';

/** A place between two records: `created_at` as UTC text with microseconds, and `id`. */
export type Place = readonly [createdAt: string, id: string];

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** How many rows a request looks at where no index serves its filter. */
export const MAX_EXAMINED = 20_000;

// Text under another name than the column's: `order by created_at` would sort the text. A JavaScript date would cut the
// microseconds, and rows would repeat or vanish between pages.
const MOMENT = (alias: string): string => `to_char(${alias}.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/**
 * The places of a page, newest first, and how far it looked. An index gives the order (organization with one of action,
 * aggregate or actor; correlation id; created_at for operators), read backward from the cursor. What that index does not
 * answer is asked of at most MAX_EXAMINED of its rows. Reads only, takes no locks.
 */
export function placesStatement(filter: AuditFilter, scope: AuditScope, after: Place | undefined, limit: number): Statement {
  const values: unknown[] = [];
  const parameter = (value: unknown): string => `$${values.push(value)}`;
  const { served, rest } = conditions(filter, scope, parameter);
  if (after) served.push(`(r.created_at, r.id) < (${parameter(after[0])}::timestamptz, ${parameter(after[1])}::uuid)`);
  const where = (list: readonly string[]): string => (list.length ? `where ${list.join(' and ')}` : '');
  const text = `
    with examined as materialized (
      select r.id, r.created_at, r.organization_id, r.action, r.aggregate_type, r.aggregate_id, r.actor_id, r.changed
      from audit.record r ${where(served)}
      order by r.created_at desc, r.id desc
      limit ${parameter(rest.length ? MAX_EXAMINED : limit)}),
    matching as (
      select r.id, r.created_at from examined r ${where(rest)}
      order by r.created_at desc, r.id desc
      limit ${parameter(limit)})
    select (select count(*)::int from examined) as examined,
      (select array[${MOMENT('r')}, r.id::text] from examined r order by r.created_at, r.id limit 1) as deepest,
      (select coalesce(jsonb_agg(jsonb_build_array(${MOMENT('r')}, r.id) order by r.created_at desc, r.id desc), '[]')
        from matching r) as places`;
  return { text, values };
}

type Parameter = (value: unknown) => string;

function conditions(filter: AuditFilter, scope: AuditScope, parameter: Parameter): { served: string[]; rest: string[] } {
  const served: string[] = [];
  const others: string[] = []; // each could be served by an index that begins with the organization; one can be used
  const rest: string[] = [];
  const equals = (column: string, value: unknown): string => `r.${column} = ${parameter(value)}`;
  const organization = 'organization' in scope ? scope.organization : filter.organization_id;
  if (organization !== undefined) served.push(equals('organization_id', organization));
  if ('organization' in scope && filter.organization_id !== undefined)
    rest.push(equals('organization_id', filter.organization_id));
  if (filter.from !== undefined) served.push(`r.created_at >= ${parameter(filter.from)}::timestamptz`);
  if (filter.to !== undefined) served.push(`r.created_at < ${parameter(filter.to)}::timestamptz`);

  if (filter.aggregate_id !== undefined && filter.aggregate_type !== undefined) {
    others.push(`${equals('aggregate_type', filter.aggregate_type)} and ${equals('aggregate_id', filter.aggregate_id)}`);
  } else if (filter.aggregate_id !== undefined) rest.push(equals('aggregate_id', filter.aggregate_id));
  else if (filter.aggregate_type !== undefined) rest.push(equals('aggregate_type', filter.aggregate_type));
  if (filter.actor_id !== undefined) others.push(equals('actor_id', filter.actor_id));
  if (filter.action?.endsWith('*')) {
    // A range, since `like` is not leakproof and is kept from the index by row-level security.
    const prefix = filter.action.slice(0, -1);
    rest.push(`r.action collate "C" >= ${parameter(prefix)} and r.action collate "C" < ${parameter(`${prefix}\u{10ffff}`)}`);
  } else if (filter.action !== undefined) others.push(`r.action collate "C" = ${parameter(filter.action)}`);

  if (filter.correlation_id !== undefined) {
    served.push(`r.correlation_id = ${parameter(filter.correlation_id)}::uuid`); // one request's records: few
    rest.push(...others);
  } else if (organization === undefined) rest.push(...others);
  else {
    served.push(...others.slice(0, 1));
    rest.push(...others.slice(1));
  }
  if (filter.changed !== undefined) rest.push(`r.changed @> array[${parameter(filter.changed)}::text]`);
  if (filter.ip_address !== undefined) {
    rest.push(`exists (select from audit.personal p join audit.record whole on whole.id = p.record_id
      where p.record_id = r.id and p.subject_id = r.actor_id and p.fields ->> 'ip_address' = ${parameter(filter.ip_address)}
        and whole.entry::jsonb -> 'personal' ? p.subject_id)`);
  }
  return { served, rest };
}

/** The entries with these ids, newest first. By primary key; one look-up an entry and one a person in it. $1: ids. */
export const ENTRIES_BY_ID = `
  select v.id, v.action, v.aggregate_type, v.aggregate_id, v.organization_id, v.actor_id, v.actor_email, v.correlation_id,
    v.diff, r.changed, v.ip_address, v.user_agent, ${MOMENT('v')} as moment
  from public.events_auditlog v join audit.record r on r.id = v.id
  where v.id = any($1::uuid[])
  order by v.created_at desc, v.id desc`;
