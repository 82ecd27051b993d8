import { selectEvent, selectMs } from '../log/event.row.js';
import { MAX_PAYLOAD_BYTES } from '../log/payload-limit.js';

// Every statement here is a read of the leader. Locks: none.

// The columns of a delivery `d` that `toDelivery` expects. Index: the event_id index of each slot for the time of the insert.
const SIZE = 'octet_length(payload::text)';
const RECORDED_AT = '(select recorded_at from outbox.outbox_log l where l.event_id = d.event_id limit 1)';
const DELIVERY = `${selectEvent(SIZE, `case when ${SIZE} <= ${MAX_PAYLOAD_BYTES} then payload::text end`, RECORDED_AT)},
  status, attempts, ${selectMs('next_attempt_at')}, last_error, fingerprint`;

/** Blocked aggregates and the status of their head. Runs once in a term. Index: outbox_delivery_aggregate. Parameter: $1 sink. */
export const BLOCKED_AGGREGATES = `
select aggregate_type, aggregate_id, count(*)::int as deliveries, (array_agg(status order by position))[1] as head
from outbox.outbox_delivery where sink = $1 and status in ('retrying', 'waiting', 'failed')
group by aggregate_type, aggregate_id`;

/** One delivery. Index: primary key. Parameters: $1 sink, $2 event id. */
export const FIND_DELIVERY = `select ${DELIVERY} from outbox.outbox_delivery d where sink = $1 and event_id = $2`;

/** Time of the first retry after $2. Index: outbox_delivery_due. Parameters: $1 sink, $2 time. */
export const NEXT_RETRY_TIME = `
select next_attempt_at from outbox.outbox_delivery
where sink = $1 and status = 'retrying' and next_attempt_at > $2 order by next_attempt_at limit 1`;

/** Retries that are due and not in flight. Index: outbox_delivery_due. Parameters: $1 sink, $2 now, $3 in flight, $4 limit. */
export const DUE_DELIVERIES = `
select ${DELIVERY} from outbox.outbox_delivery d
where sink = $1 and status = 'retrying' and next_attempt_at <= $2 and event_id <> all ($3::uuid[])
order by next_attempt_at limit $4`;

/** First open delivery of each aggregate. Index: outbox_delivery_aggregate. Parameters: $1 sink, $2 types, $3 ids. */
export const AGGREGATE_HEADS = `
select h.* from unnest($2::text[], $3::text[]) as a(type, id) cross join lateral (
  select ${DELIVERY} from outbox.outbox_delivery d
  where d.sink = $1 and d.aggregate_type = a.type and d.aggregate_id = a.id and d.status in ('retrying', 'waiting', 'failed')
  order by d.position limit 1) h`;

/**
 * Highest position of the deliveries. Runs once in a term. Index: none starts with the sink. Cost: reads every delivery of the
 * sink. Parameter: $1 sink.
 */
export const HIGHEST_POSITION = 'select max(position) as position from outbox.outbox_delivery where sink = $1';

/** Ids of the events that have a delivery. Index: primary key. Parameters: $1 sink, $2 event ids. */
export const KNOWN_EVENT_IDS = 'select event_id from outbox.outbox_delivery where sink = $1 and event_id = any ($2::uuid[])';
