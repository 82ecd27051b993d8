import { MAX_PAYLOAD_BYTES } from '../log/payload-limit.js';

const DELIVERY = `event_id, position, status, attempts, next_attempt_at, last_error, fingerprint, event_type, schema_version,
  aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at,
  case when octet_length(payload::text) <= ${MAX_PAYLOAD_BYTES} then payload::text end as payload`;

/** Which aggregates are blocked, and by what: once a leader's term. Through outbox_delivery_aggregate; $1 sink. */
export const BLOCKED = `
select aggregate_type, aggregate_id, count(*)::int as deliveries, (array_agg(status order by position))[1] as head
from outbox.outbox_delivery where sink = $1 and status in ('retrying', 'waiting', 'failed')
group by aggregate_type, aggregate_id`;

/** One delivery. By primary key; $1 sink, $2 event. */
export const FIND_DELIVERY = `select ${DELIVERY} from outbox.outbox_delivery where sink = $1 and event_id = $2`;

/** When the next retry is due. Through outbox_delivery_due; $1 sink, $2 later than. */
export const NEXT_DUE = `
select next_attempt_at from outbox.outbox_delivery
where sink = $1 and status = 'retrying' and next_attempt_at > $2 order by next_attempt_at limit 1`;

/** The retries that are due, except those in hand. Through outbox_delivery_due; $1 sink, $2 now, $3 in hand, $4 most. */
export const DUE = `
select ${DELIVERY} from outbox.outbox_delivery
where sink = $1 and status = 'retrying' and next_attempt_at <= $2 and event_id <> all ($3::uuid[])
order by next_attempt_at limit $4`;

/** The lowest open delivery of each aggregate. Through outbox_delivery_aggregate; $1 sink, $2 types, $3 ids. */
export const HEADS = `
select h.* from unnest($2::text[], $3::text[]) as a(type, id) cross join lateral (
  select ${DELIVERY} from outbox.outbox_delivery d
  where d.sink = $1 and d.aggregate_type = a.type and d.aggregate_id = a.id and d.status in ('retrying', 'waiting', 'failed')
  order by d.position limit 1) h`;

/** Where the deliveries end: once a leader's term. Through outbox_delivery's primary key; $1 sink. */
export const HIGHEST = 'select max(position) as position from outbox.outbox_delivery where sink = $1';

/** Which events have a delivery. By primary key; $1 sink, $2 event ids. */
export const KNOWN = 'select event_id from outbox.outbox_delivery where sink = $1 and event_id = any ($2::uuid[])';
