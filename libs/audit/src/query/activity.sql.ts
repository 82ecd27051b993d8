import { NEWEST_FIRST, utcTimestamp } from './audit-log.sql.js';

const condition = (columns: string): string =>
  `r.organization_id = $1 and ${columns} and (r.created_at, r.id) < ($5::timestamptz, $6::uuid)
        and r.created_at >= $9::timestamptz and r.created_at < $10::timestamptz`;

/** The position before the first page: later than every record. */
export const BEFORE_FIRST = ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'] as const;

/** The bounds of the time that leave out no record. */
export const ANY_TIME = ['-infinity', 'infinity'] as const;

/**
 * Selects the newest positions of what a person did, or of what was done to them, in one organization. $1 organization, $2 person, or
 * null without what they did, $3 and $4 types and ids of the aggregates that are the person, $5 and $6 the position before the page,
 * $7 maximum number, $8 an actor whose entries about the aggregates are left out, or null, $9 inclusive and $10 exclusive bound of the
 * time.
 *
 * Index: record_actor and record_aggregate, one scan for the person and for each aggregate, each in the order of the page. Locks:
 * none. Cost: at most $7 index entries of each scan.
 */
export const ACTIVITY_PLACES = `
  select array[${utcTimestamp('r')}, r.id::text] as place from (
    (select r.created_at, r.id from audit.record r where $2::text is not null and ${condition('r.actor_id = $2')}
    ${NEWEST_FIRST} limit $7::int)
    union
    select r.created_at, r.id from unnest($3::text[], $4::text[]) as a(type, id) cross join lateral (
      select r.created_at, r.id from audit.record r where ${condition('r.aggregate_type = a.type and r.aggregate_id = a.id')}
        and ($8::text is null or r.actor_id <> $8)
      ${NEWEST_FIRST} limit $7::int) r) r
  ${NEWEST_FIRST} limit $7::int`;
