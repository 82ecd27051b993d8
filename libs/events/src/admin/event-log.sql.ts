import { PUBLISHED_COLUMNS } from '../log/event.row.js';
import type { EventView } from './event.view.js';

/** The maximum number of rows that a request examines, if it selects events by their status. */
export const MAX_EXAMINED = 20_000;
/** The maximum number of rows that a count examines, if it selects events by their status. */
export const MAX_EXAMINED_BY_COUNT = 5_000;
/** The maximum number of payloads that a request reads to find events of an actor. */
export const MAX_EXAMINED_PAYLOADS = 5_000;
/** The maximum number of rows that a request reads from the log, if no index serves a condition of the filter. */
export const MAX_SCANNED = 100_000;
/** Counting events stops here. */
export const MAX_COUNTED = 10_000;

/** Selects a JSON column, or else null and its size in `shortened`. For a column of type json, reads no more than its size. */
function shortenable(column: string, maxBytes: string): string {
  const bytes = `octet_length(${column}::text)`;
  return `case when ${bytes} <= ${maxBytes}::int then ${column} end as ${column.split('.').at(-1)},
      case when ${bytes} > ${maxBytes}::int then json_build_object('bytes', ${bytes}) end as shortened`;
}

const MATCHES = `
      ($1::bigint is null or e.position < $1)
      and ($2::text is null or e.organization_id = $2)
      and ($3::uuid is null or e.event_id = $3)
      and ($4::text is null or e.event_type = $4)
      and ($5::text is null or e.aggregate_type = $5)
      and ($6::text is null or e.aggregate_id = $6)
      and ($7::uuid is null or e.correlation_id = $7)
      and ($11::timestamptz is null or e.occurred_at >= $11)
      and ($12::timestamptz is null or e.occurred_at < $12)`;

// The order is that of state_of.
const DECIDING_DELIVERIES = `coalesce((
        select json_agg(json_build_object('sink', d.sink, 'attempts', d.attempts, 'last_error', d.last_error) order by d.updated_at desc, d.sink)
        from outbox.outbox_delivery d join outbox.outbox_sink k on k.name = d.sink
        where d.event_id = c.event_id and d.status = s.status and k.state <> 'retired' and not k.observer), '[]') as deciding_deliveries`;

const shown: readonly (keyof EventView)[] = PUBLISHED_COLUMNS;
/** @param log the row of the log, which can be gone. */
const selectView = (log: string): string => `c.position::text as position, ${shown.map((column) => `c.${column}`).join(', ')},
      ${log}.causation_id, ${log}.recorded_at, s.status, s.attempts, s.last_error, s.published_at, ${DECIDING_DELIVERIES},
      ${shortenable('c.payload', '$14')}`;

// The right join returns the number of examined rows even if no event matches. `scanned_to`: see BOUND; null if the scan was complete.
const page = (scannedTo: string): string => `
  select f.*, e.examined, e.lowest, ${scannedTo} as scanned_to from found f
  right join (select count(*)::int as examined, min(position)::text as lowest from candidate) e on true
  order by f.position::bigint desc`;

// The position of the last row that is read, if there are $17 rows. An index answers both conditions in the order of the page.
const BOUND = `(
    select position from outbox.outbox_log e
    where $17::int is not null and ($1::bigint is null or e.position < $1) and ($2::text is null or e.organization_id = $2)
      and ($13::smallint[] is null or e.slot = any ($13))
    order by position desc offset $17::int - 1 limit 1)`;

const OF_ACTOR = `($16::text is null or c.payload #>> '{actor,id}' = $16)`;

const MATCHING = `
  with bound as materialized (select ${BOUND} as position),
  candidate as materialized (
    select * from outbox.outbox_log e where ${MATCHES} and ($13::smallint[] is null or e.slot = any ($13))
      and e.position >= coalesce((select position from bound), 0)
    order by e.position desc limit $10),
  matching as (
    select c.* from candidate c where ${OF_ACTOR} and case
      when $15::text is not null then exists (
        select from outbox.state_at($15, c.event_id, c.event_type, c.position, c.txid) k
        where case when $8::text is null then k.status <> 'not_wanted' else k.status = $8 end)
      when $8::text is not null then (select s.status from outbox.state_of(c.event_id, c.event_type, c.position, c.txid) s) = $8
      else true end
    order by c.position desc limit $9)`;

/**
 * Selects events with their status, newest first.
 *
 * Parameters: $1 exclusive upper bound of the position, $2 organization, $3 event id, $4 type, $5 aggregate type,
 * $6 aggregate id, $7 correlation id, $8 status, $9 maximum number of events, $10 maximum number of examined rows, $11 from,
 * $12 to, $13 the slots that contain these days, or null for all, $14 maximum size of a payload, $15 sink, $16 actor, $17 maximum
 * number of rows that are read, or null without a condition that no index serves.
 *
 * Index: (organization_id, position), (correlation_id), the event id, or else (position) scanned backward within the slots.
 * Locks: none. Cost: at most $17 rows; with a status or sink, the status of each candidate row, at most $10; with an actor, its payload.
 */
export const FIND_EVENTS = `${MATCHING},
  found as (
    select ${selectView('c')} from matching c cross join lateral outbox.state_of(c.event_id, c.event_type, c.position, c.txid) s)
  ${page('(select position::text from bound)')}`;

const count = (scannedTo: string): string => `
  select (select count(*)::int from matching) as count, (select count(*)::int from candidate) as examined, ${scannedTo} as scanned_to
  where $14::int is not null`;

/** Counts the events that FIND_EVENTS selects, at most $9 of them. Parameters, index and locks: as in FIND_EVENTS. */
export const COUNT_EVENTS = `${MATCHING}${count('(select position::text from bound)')}`;

const STATE_OF_DELIVERED = `(
      select * from outbox.state_of(c.event_id, c.event_type, c.position, l.txid) where l.event_id is not null
      union all
      select * from outbox.state_without_log(c.event_id) where l.event_id is null)`;

// Failed precedes every other status, and a status at a sink is that of the delivery: then the status is not computed.
const MATCHING_DELIVERY = `
  with candidate as materialized (
    select distinct on (e.position) e.* from outbox.outbox_delivery e join outbox.outbox_sink k on k.name = e.sink
    where ${MATCHES} and ($13::text is null or strpos(lower(e.last_error), lower($13)) > 0) and ($17::text is null or e.fingerprint = $17)
      and case when $15::text is null then k.state <> 'retired' and not k.observer else k.name = $15 end
      and ($8::text is null or $15 is null and $8 in ('pending', 'published') or e.status = $8)
    order by e.position desc limit $10),
  matching as (
    select c.* from candidate c
    where ${OF_ACTOR} and ($8 is null or $8 = 'failed' or $15 is not null or (
      select s.status from (values (0)) one left join outbox.outbox_log l on l.event_id = c.event_id
      cross join lateral ${STATE_OF_DELIVERED} s) = $8)
    order by c.position desc limit $9)`;

/**
 * Selects events by data of their deliveries: a status such as failed, $13, a substring of the last error, or $17, its fingerprint. The
 * other parameters are those of FIND_EVENTS. A delivery can outlive its row in the log.
 *
 * Index: outbox_delivery_fingerprint, outbox_delivery_status, or a scan of all deliveries. Locks: none.
 */
export const FIND_EVENTS_BY_DELIVERY = `${MATCHING_DELIVERY},
  found as (
    select ${selectView('l')} from matching c left join outbox.outbox_log l on l.event_id = c.event_id
    cross join lateral ${STATE_OF_DELIVERED} s)
  ${page('null')}`;

/** Counts the events that FIND_EVENTS_BY_DELIVERY selects, at most $9 of them. Parameters, index and locks: as there. */
export const COUNT_EVENTS_BY_DELIVERY = `${MATCHING_DELIVERY}${count('null')}`;

// The first open delivery of the aggregate of the event $1, at the sink of `d`.
const HEAD = `(
    select nullif(h.event_id, $1) from outbox.outbox_delivery w join outbox.outbox_delivery h on h.sink = w.sink
      and h.aggregate_type = w.aggregate_type and h.aggregate_id = w.aggregate_id and h.status in ('retrying', 'waiting', 'failed')
    where w.event_id = $1 and w.sink = d.sink order by h.position limit 1)`;

/**
 * Selects an event at each sink that is not retired, is no observer and did not start after it, and the event behind which it waits there. Once
 * the log row of the event is gone, only its stored deliveries remain. Index: the event_id index of each slot; primary key (event_id, sink);
 * outbox_delivery_aggregate. Locks: none.
 */
export const FIND_DELIVERIES = `
  select d.*, case when d.status = 'waiting' then ${HEAD} end as waits_behind from (
    select s.name as sink, a.*
    from outbox.outbox_sink s cross join outbox.outbox_log e
    cross join lateral outbox.state_at(s.name, e.event_id, e.event_type, e.position, e.txid) a
    where s.state <> 'retired' and not s.observer and e.event_id = $1
    union all
    select d.sink, d.status, d.attempts, d.next_attempt_at, d.last_error, d.updated_at,
      case when d.status = 'published' then d.updated_at end
    from outbox.outbox_delivery d join outbox.outbox_sink s on s.name = d.sink
    where d.event_id = $1 and s.state <> 'retired' and not s.observer and not exists (select from outbox.outbox_log e where e.event_id = $1)) d
  order by d.sink`;

const RELATED = `select e.event_id, e.event_type, e.aggregate_type, e.aggregate_id, e.occurred_at, s.status
  from outbox.outbox_log e cross join lateral outbox.state_of(e.event_id, e.event_type, e.position, e.txid) s`;

/** Selects the event $1, if the log has it. $2 organization or null. Index: the event_id index of each slot. Locks: none. */
export const FIND_CAUSE = `${RELATED}
  where e.event_id = $1 and ($2::text is null or e.organization_id = $2)`;

/** The maximum number of events that one event caused. */
export const MAX_CAUSED = 200;

/**
 * Selects the events that the event $1 caused, oldest first, among those of its correlation id $3. $2 organization or null. One
 * more than the maximum shows that there are more. Index: outbox_log_correlation_id. Locks: none.
 */
export const FIND_CAUSED = `${RELATED}
  where e.correlation_id = $3 and e.causation_id = $1 and ($2::text is null or e.organization_id = $2)
  order by e.position limit ${MAX_CAUSED + 1}`;

/** The maximum number of attempts or receipts of one event. With it, the rows of one event do not hide those of another. */
export const MAX_ROWS_PER_EVENT = 200;
/** The maximum number of attempts or receipts of all events of a request. */
export const MAX_ROWS = 2_000;

// The newest row of each event comes first, then the second of each, and so on. One more row than the maximum shows that there
// are more.
const newestOfEachEvent = (columns: string, table: string, time: string, condition = ''): string => `
  select ${columns}, rank::int from (
    select r.* from (select distinct id from unnest($1::uuid[]) as t(id)) e cross join lateral (
      select *, row_number() over (order by ${time} desc) as rank from ${table} where event_id = e.id ${condition}
      order by ${time} desc limit ${MAX_ROWS_PER_EVENT + 1}) r
    order by r.rank, r.${time} desc limit ${MAX_ROWS + 1}) r
  order by rank, ${time} desc`;

/**
 * Selects the newest failed attempts of the events $1, without those of observers, by their rank in the event. Index:
 * outbox_attempt_event. Locks: none.
 */
export const FIND_ATTEMPTS = newestOfEachEvent(
  'event_id, sink, attempted_at, error',
  'outbox.outbox_attempt',
  'attempted_at',
  'and sink not in (select name from outbox.outbox_sink where observer)',
);

/**
 * Selects the newest receipts of consumers for the events $1, by their rank in the event. $2 maximum size of a result. Index:
 * consumer_receipt_event. Locks: none.
 */
export const FIND_RECEIPTS = newestOfEachEvent(
  `event_id, consumer, state, claimed_until, done_at, ${shortenable('result', '$2')}`,
  'outbox.consumer_receipt',
  'done_at',
);
