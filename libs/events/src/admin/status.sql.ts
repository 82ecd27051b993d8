import { IS_LED, isAbandoned } from '../log/sink-lock.js';
import { NOT_HANDED_OVER_TO, selectUnseen } from '../log/log-slots.sql.js';
import { waitsForWorker } from '../log/sink-types.sql.js';
import { SLOT_COUNT } from '../log/slot-count.js';
import { IS_REPORTING } from '../log/worker.sql.js';

/** The maximum of each count. It keeps the statements cheap while a backlog grows. */
export const MAX_COUNT = 10_001;
/** The maximum number of workers in a status. */
export const MAX_WORKERS = 500;

// Each state has its own bound. With a common bound, waiting deliveries would hide dead letters. The order makes every plan use the
// index: a scan of the table could read all settled deliveries first.
const openDeliveries = (status: 'retrying' | 'waiting' | 'failed'): string => `left join lateral (
  select count(*)::int from (
    select from outbox.outbox_delivery d where d.sink = s.name and d.status = '${status}' order by position limit $2) d
  ) ${status} on true`;

// The limit comes before the condition, so that many other retries do not make the statement expensive.
const UNHANDLED = `left join lateral (
  select json_agg(groups order by count desc, event_type, schema_version) as types from (
    select event_type, schema_version, count(*)::int, (array_agg(event_id order by position))[1] as oldest_event_id
    from (select * from outbox.outbox_delivery r where r.sink = s.name and r.status = 'retrying' order by position limit $2) r
    where ${waitsForWorker('r')} group by event_type, schema_version) groups) unhandled on true`;

/**
 * Reads the status of each sink. $1 lock class, $2 maximum count.
 *
 * Every event that the snapshot of the cursor does not show belongs to the backlog, so the backlog is exact although at most $2 of them are
 * read. With more, the age is that of the oldest event among them and among those above the position.
 *
 * Index: outbox_log_position and outbox_log_txid for backlog and age, with one probe and two bounded counts; the primary key of
 * outbox_progress for throughput, one probe for each cursor of the last minute; outbox_delivery_open for deliveries, with a
 * bounded count for each state. The first retrying deliveries are read, up to the maximum count. Locks: none. Cost: milliseconds for
 * each sink.
 */
export const SINK_STATUS = `
select s.name, s.state, s.ordering, s.observer, s.registered_at, s.failing_since, s.last_error,
  s.leader_failing_since, s.leader_error, lead.led, ${isAbandoned('lead.led')} as abandoned, s.leader, s.leading_since,
  p.stored_at, case when unseen.count = $2 then $2 else least(fresh.count + unseen.late, $2) end::int as backlog,
  round(extract(epoch from clock_timestamp() - least(first.recorded_at, unseen.oldest)) * 1000)::float8 as lag_ms,
  speed.accepted as accepted_last_minute, types.event_types, retrying.count as retrying, waiting.count as waiting,
  failed.count as failed, coalesce(unhandled.types, '[]') as unhandled, replays.count as replays
from outbox.outbox_sink s
cross join lateral (select ${IS_LED} as led) lead
left join lateral (select * from outbox.outbox_progress p where p.sink = s.name order by p.number desc limit 1) p on true
left join lateral (
  select count(*) from (select from outbox.outbox_log where position > p.position order by position limit $2::int) l) fresh on true
left join lateral (
  select count(*), count(*) filter (where position <= p.position) as late,
    min(recorded_at) filter (where position <= p.position) as oldest
  from (select * from ${selectUnseen('position, recorded_at', '$2::int')} u limit $2::int) u) unseen on true
left join lateral (
  select recorded_at from outbox.outbox_log where position > p.position order by position limit 1) first on true
left join lateral (
  with recursive recent as (
    select p.number, p.accepted where p.stored_at > clock_timestamp() - interval '1 minute'
    union all
    select q.number, q.accepted from recent r cross join lateral (
      select * from outbox.outbox_progress q where q.sink = s.name and q.number < r.number order by number desc limit 1) q
    where q.stored_at > clock_timestamp() - interval '1 minute')
  select coalesce(sum(accepted), 0)::int as accepted from recent) speed on true
${(['retrying', 'waiting', 'failed'] as const).map(openDeliveries).join('\n')}
${UNHANDLED}
left join lateral (
  select case when bool_or(event_type = '*') then null else array_agg(event_type order by event_type) end as event_types
  from outbox.outbox_sink_type t where t.sink = s.name and until_position is null) types on true
left join lateral (
  select count(*)::int from outbox.outbox_replay r where r.sink = s.name and r.done_at is null) replays on true
order by s.name`;

/** Reads the workers, the running ones first. Index: none; the table is small. Locks: none. $1 maximum number. */
export const WORKER_STATUS = `
select worker, version, sinks, started_at, reported_at, not ${IS_REPORTING} as is_silent
from outbox.outbox_worker order by is_silent, worker limit $1::int`;

/**
 * Reads the size of the slots of the log, and the sinks that have not received all events of a slot. The number of rows is
 * an estimate from the statistics. Index: both ends of outbox_log_position in each slot.
 */
export const SLOT_STATUS = `
select n as slot, coalesce(pg_stat_get_live_tuples(c.oid), 0)::int as rows, pg_total_relation_size(c.oid)::bigint::text as bytes,
  oldest.recorded_at as oldest, newest.recorded_at as newest,
  case when newest.position is null then '{}' else ${NOT_HANDED_OVER_TO} end as not_handed_over_to
from generate_series(0, ${SLOT_COUNT - 1}) n
join pg_class c on c.oid = format('outbox.outbox_log_%s', n)::regclass
left join lateral (select recorded_at from outbox.outbox_log where slot = n::smallint order by position limit 1) oldest on true
left join lateral (
  select recorded_at, position from outbox.outbox_log where slot = n::smallint order by position desc limit 1) newest on true
order by n`;
