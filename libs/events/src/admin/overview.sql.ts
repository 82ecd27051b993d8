import { MAX_LISTED_BYTES } from '@pikaia/core';

/** The minutes of a throughput. The last one is not complete. */
export const MINUTES = 60;
/** The maximum number of failed attempts of each sink that are counted. */
export const MAX_COUNTED_ATTEMPTS = 50_000;
/** The maximum number of events of an organization that are counted. */
export const MAX_COUNTED_EVENTS = 50_000;
/** The maximum number of failed attempts of each sink that are searched for those of an organization. */
export const MAX_SEARCHED_ATTEMPTS = 2_000;
/** The maximum number of deliveries of each sink and status that are grouped. */
export const MAX_GROUPED = 10_000;
/** The maximum number of failure groups. */
export const MAX_GROUPS = 50;

// The planner knows now() and estimates the number of rows; it does not know clock_timestamp().
const FIRST_MINUTE = `date_trunc('minute', now()) - interval '${MINUTES - 1} minutes'`;

// The counts by the Unix time of their minute in seconds.
const byMinute = (time: string, count: string): string =>
  `coalesce(json_object_agg(extract(epoch from minute)::bigint, count), '{}') from (
    select date_trunc('minute', ${time}) as minute, ${count}::int as count`;

/**
 * Counts the events that each sink accepted and the failed attempts at it, by minute. Attempts are counted from the newest: if they
 * reach the maximum, `counted_from` is the time of the oldest one that was counted.
 *
 * Index: outbox_progress_stored_at, outbox_attempt_time. Locks: none. Cost: one index entry for each cursor of the hour, of which a
 * sink stores at most 20 in a second, and for each failed attempt, up to the maximum $1.
 */
export const THROUGHPUT = `
select s.name as sink, s.observer, ${FIRST_MINUTE} as since, accepted.counts as accepted, failed.counts as failed, failed.counted_from
from outbox.outbox_sink s
cross join lateral (select ${byMinute('p.stored_at', 'sum(p.accepted)')} from outbox.outbox_progress p
    where p.sink = s.name and p.stored_at >= ${FIRST_MINUTE} group by 1) m) accepted(counts)
cross join lateral (
  with newest as materialized (
    select attempted_at from outbox.outbox_attempt a where a.sink = s.name and a.attempted_at >= ${FIRST_MINUTE}
    order by attempted_at desc limit $1::int)
  select (select ${byMinute('attempted_at', 'count(*)')} from newest group by 1) m),
    case when count(*) = $1 then min(attempted_at) end from newest) failed(counts, counted_from)
where s.state <> 'retired'
order by s.name`;

// Comparisons of pairs allow no other index than that on both columns, and `offset 0` no other join than one probe for each attempt. Otherwise
// the planner reads the events of all organizations, or all deliveries.
/**
 * Counts the events that an organization $1 published and the failed attempts to deliver its events, by minute. Both are counted from the
 * newest: if they reach their maximum, `published_from` and `failed_from` are the times of the oldest ones that were counted.
 *
 * Index: outbox_progress_stored_at finds a cursor that is older than the hour: the events of the hour come after its position. Then
 * outbox_log_organization, outbox_attempt_time, and the primary key of outbox_delivery for the organization of each attempt. Locks: none.
 * Cost: the events of the organization in the hour, and the failed attempts of each sink in the hour, at most $3. With 6,000 such events among
 * 1,000,000 it reads 1,500 pages, and 5 for each attempt.
 */
export const ORGANIZATION_THROUGHPUT = `
with start as materialized (
  select max(p.position) as position from outbox.outbox_sink s cross join lateral (
    select position from outbox.outbox_progress q where q.sink = s.name and q.stored_at < ${FIRST_MINUTE}
    order by q.stored_at desc limit 1) p),
newest as materialized (
  select recorded_at from outbox.outbox_log e
  where (e.organization_id, e.position) > ($1, coalesce((select position from start), 0))
    and (e.organization_id, e.position) <= ($1, 9223372036854775807)
  order by e.organization_id desc, e.position desc limit $2::int),
attempt as materialized (
  select a.* from outbox.outbox_sink s cross join lateral (
    select a.sink, a.event_id, a.attempted_at, row_number() over (order by attempted_at desc) as number from outbox.outbox_attempt a
    where a.sink = s.name and a.attempted_at >= ${FIRST_MINUTE} order by attempted_at desc limit $3::int) a
  where s.state <> 'retired' and not s.observer)
select ${FIRST_MINUTE} as since, published.counts as published, failed.counts as failed,
  (select case when count(*) = $2 then min(recorded_at) end from newest) as published_from,
  (select max(attempted_at) from attempt where number = $3) as failed_from
from (select ${byMinute('recorded_at', 'count(*)')} from newest where recorded_at >= ${FIRST_MINUTE} group by 1) m) published(counts)
cross join (select ${byMinute('attempted_at', 'count(*)')} from attempt a cross join lateral (
    select from outbox.outbox_delivery d where d.event_id = a.event_id and d.sink = a.sink and d.organization_id = $1 offset 0) d
  group by 1) m) failed(counts)`;

// The limit comes before the grouping, so that a flood of failures does not make the statement expensive.
const newestOf = (status: 'failed' | 'retrying'): string => `
    (select status, event_id, position, event_type, fingerprint, updated_at from outbox.outbox_delivery d
    where d.sink = s.name and d.status = '${status}' order by d.position desc limit $1::int)`;

/**
 * Groups the failed and retried deliveries by sink, event type and fingerprint of the last error, the largest groups first. `capped`
 * is true for a group of a sink with more deliveries of the status than the maximum. $1 that maximum plus one, $2 maximum number of
 * groups.
 *
 * Index: outbox_delivery_open, backwards. Locks: none. Cost: reads at most $1 deliveries of each sink and status.
 */
export const FAILURE_GROUPS = `
select g.*, d.last_error,
  case when octet_length(d.payload::text) <= ${MAX_LISTED_BYTES} then d.payload::text end as payload from (
  select s.name as sink, f.* from outbox.outbox_sink s cross join lateral (
    select status, event_type, fingerprint, count(*)::int as count, min(updated_at) as first_at, max(updated_at) as last_at,
      (array_agg(event_id order by position desc))[1] as event_id, sum(count(*)) over (partition by status) >= $1 as capped
    from (${newestOf('failed')} union all ${newestOf('retrying')}) d
    where fingerprint is not null group by status, event_type, fingerprint) f
  where s.state <> 'retired'
  order by f.count desc, f.last_at desc, s.name, f.fingerprint limit $2::int) g
join outbox.outbox_delivery d on d.event_id = g.event_id and d.sink = g.sink
order by g.count desc, g.last_at desc, g.sink, g.fingerprint`;
