import { MAX_LISTED_BYTES } from '@pikaia/core';

/** The minutes of a throughput. The last one is not complete. */
export const MINUTES = 60;
/** The maximum number of failed attempts of each sink that are counted. */
export const MAX_COUNTED_ATTEMPTS = 50_000;
/** The maximum number of deliveries of each sink and status that are grouped. */
export const MAX_GROUPED = 10_000;
/** The maximum number of failure groups. */
export const MAX_GROUPS = 50;

// The planner knows now() and estimates the number of rows; it does not know clock_timestamp().
const FIRST_MINUTE = `date_trunc('minute', now()) - interval '${MINUTES - 1} minutes'`;

// The counts by the Unix time of their minute in seconds.
const byMinute = (time: string, count: string): string =>
  `coalesce(json_object_agg(minute, count), '{}') from (
    select extract(epoch from date_trunc('minute', ${time}))::bigint as minute, ${count}::int as count`;

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
