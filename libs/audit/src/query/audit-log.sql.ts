import { buildConditions, type ActionRange } from './audit-conditions.sql.js';
import type { AuditFilter, AuditScope } from './audit-filter.js';

/** The position of a record in the order of pages: `created_at` as UTC text with microseconds, and `id`. */
export type PagePosition = readonly [createdAt: string, id: string];

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The maximum number of rows that a request examines if no index serves its filter. */
export const MAX_EXAMINED = 20_000;

// Callers alias the text by another name than the column, because `order by created_at` would sort the text. A JavaScript Date
// would drop the microseconds, and rows would repeat or disappear between pages.
export const utcTimestamp = (alias: string): string =>
  `to_char(${alias}.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

export const NEWEST_FIRST = 'order by r.created_at desc, r.id desc';
const COLUMNS = 'r.id, r.created_at, r.organization_id, r.action, r.aggregate_type, r.aggregate_id, r.actor_id, r.changed';

/**
 * Selects the positions of a page, newest first, and the position of the oldest row examined.
 *
 * Index: an index on the organization with action, aggregate or actor; record_correlation_id; or record_created_at for
 * operators. It is scanned backward from the cursor. Conditions that it does not answer are evaluated for at most MAX_EXAMINED
 * rows. Locks: none.
 */
export function pageStatement(filter: AuditFilter, scope: AuditScope, after: PagePosition | undefined, limit: number): Statement {
  const values: unknown[] = [];
  const parameter = (value: unknown): string => `$${values.push(value)}`;
  const { indexed, residual, actions } = buildConditions(filter, scope, parameter);
  if (after) indexed.push(`(r.created_at, r.id) < (${parameter(after[0])}::timestamptz, ${parameter(after[1])}::uuid)`);
  const maxRows = parameter(residual.length ? MAX_EXAMINED : limit);
  const text = `
    with recursive ${actions ? `${actionsUnderPrefix(actions)},` : ''}
    examined as materialized (
      ${actions ? newestOfEachAction(indexed, maxRows) : `select ${COLUMNS} from audit.record r ${where(indexed)} ${NEWEST_FIRST} limit ${maxRows}`}),
    matching as (
      select r.id, r.created_at from examined r ${where(residual)} ${NEWEST_FIRST} limit ${parameter(limit)})
    select (select count(*)::int from examined) as examined,
      (select array[${utcTimestamp('r')}, r.id::text] from examined r order by r.created_at, r.id limit 1) as deepest,
      (select coalesce(jsonb_agg(jsonb_build_array(${utcTimestamp('r')}, r.id) ${NEWEST_FIRST}), '[]') from matching r) as places`;
  return { text, values };
}

const where = (conditions: readonly string[]): string => (conditions.length ? `where ${conditions.join(' and ')}` : '');

/**
 * Selects the actions of an organization under a prefix, each by one descent of the index record_action. A plain range scan
 * would sort all records under the prefix to find the newest.
 */
function actionsUnderPrefix({ organization, from, below }: ActionRange): string {
  const next = (bound: string): string => `
        (select r.action collate "C" from audit.record r
        where r.organization_id = ${organization} and r.action collate "C" ${bound} and r.action collate "C" < ${below}
        order by r.action collate "C" limit 1)`;
  return `actions (action) as (
      select ${next(`>= ${from}`)}
      union all
      select ${next('> a.action')} from actions a where a.action is not null)`;
}

const newestOfEachAction = (indexed: readonly string[], maxRows: string): string => `
      select r.* from actions a cross join lateral (
        select ${COLUMNS} from audit.record r
        ${where([...indexed, 'r.action collate "C" = a.action'])} ${NEWEST_FIRST} limit ${maxRows}) r
      ${NEWEST_FIRST} limit ${maxRows}`;

/**
 * Selects the entries with the ids $1, newest first. A diff of more than $2 bytes is left out. Index: primary keys, one lookup for
 * each entry and each person in it. Locks: none.
 */
export const ENTRIES_BY_ID = `
  select v.id, v.action, v.aggregate_type, v.aggregate_id, v.organization_id, v.actor_id, v.actor_email, v.correlation_id,
    case when d.bytes <= $2::int then d.diff end as diff, r.changed, v.ip_address, v.user_agent, ${utcTimestamp('v')} as moment,
    case when d.bytes > $2::int then json_build_object('bytes', d.bytes) end as shortened
  from public.events_auditlog v join audit.record r on r.id = v.id
  cross join lateral (select v.diff, octet_length(v.diff::text) as bytes offset 0) d
  where v.id = any($1::uuid[])
  order by v.created_at desc, v.id desc`;
