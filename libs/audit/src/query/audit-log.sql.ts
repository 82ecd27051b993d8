import { conditionsOf, type ActionRange } from './audit-conditions.sql.js';
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

const NEWEST_FIRST = 'order by r.created_at desc, r.id desc';
const COLUMNS = 'r.id, r.created_at, r.organization_id, r.action, r.aggregate_type, r.aggregate_id, r.actor_id, r.changed';

/**
 * The places of a page, newest first, and how far it looked. An index gives the order (organization with one of action,
 * aggregate or actor; correlation id; created_at for operators), read backward from the cursor. What that index does not
 * answer is asked of at most MAX_EXAMINED of its rows. Reads only, takes no locks.
 */
export function placesStatement(filter: AuditFilter, scope: AuditScope, after: Place | undefined, limit: number): Statement {
  const values: unknown[] = [];
  const parameter = (value: unknown): string => `$${values.push(value)}`;
  const { served, rest, actions } = conditionsOf(filter, scope, parameter);
  if (after) served.push(`(r.created_at, r.id) < (${parameter(after[0])}::timestamptz, ${parameter(after[1])}::uuid)`);
  const most = parameter(rest.length ? MAX_EXAMINED : limit);
  const text = `
    with recursive ${actions ? `${eachAction(actions)},` : ''}
    examined as materialized (
      ${actions ? newestOfEach(served, most) : `select ${COLUMNS} from audit.record r ${where(served)} ${NEWEST_FIRST} limit ${most}`}),
    matching as (
      select r.id, r.created_at from examined r ${where(rest)} ${NEWEST_FIRST} limit ${parameter(limit)})
    select (select count(*)::int from examined) as examined,
      (select array[${MOMENT('r')}, r.id::text] from examined r order by r.created_at, r.id limit 1) as deepest,
      (select coalesce(jsonb_agg(jsonb_build_array(${MOMENT('r')}, r.id) ${NEWEST_FIRST}), '[]') from matching r) as places`;
  return { text, values };
}

const where = (conditions: readonly string[]): string => (conditions.length ? `where ${conditions.join(' and ')}` : '');

/**
 * The actions that an organization has under a prefix, each found by one descent of the index record_action: as a mere
 * range, all its records would have to be sorted for the newest.
 */
function eachAction({ organization, from, below }: ActionRange): string {
  const next = (bound: string): string => `
        (select r.action collate "C" from audit.record r
        where r.organization_id = ${organization} and r.action collate "C" ${bound} and r.action collate "C" < ${below}
        order by r.action collate "C" limit 1)`;
  return `actions (action) as (
      select ${next(`>= ${from}`)}
      union all
      select ${next('> a.action')} from actions a where a.action is not null)`;
}

const newestOfEach = (served: readonly string[], most: string): string => `
      select r.* from actions a cross join lateral (
        select ${COLUMNS} from audit.record r
        ${where([...served, 'r.action collate "C" = a.action'])} ${NEWEST_FIRST} limit ${most}) r
      ${NEWEST_FIRST} limit ${most}`;

/** The entries with these ids, newest first. By primary key; one look-up an entry and one a person in it. $1: ids. */
export const ENTRIES_BY_ID = `
  select v.id, v.action, v.aggregate_type, v.aggregate_id, v.organization_id, v.actor_id, v.actor_email, v.correlation_id,
    v.diff, r.changed, v.ip_address, v.user_agent, ${MOMENT('v')} as moment
  from public.events_auditlog v join audit.record r on r.id = v.id
  where v.id = any($1::uuid[])
  order by v.created_at desc, v.id desc`;
