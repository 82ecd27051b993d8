import { MAX_LISTED_BYTES } from '@pikaia/core';

// The dead letters of a sink that are the head of their aggregate, so that later events wait for a decision about them.
const FAILED_HEADS = `
  select * from outbox.outbox_delivery d
  where d.sink = s.name and d.status = 'failed' and ($2::bigint is null or (d.position, d.sink) > ($2::bigint, $3::text))
    and not exists (
      select from outbox.outbox_delivery h
      where h.sink = d.sink and h.aggregate_type = d.aggregate_type and h.aggregate_id = d.aggregate_id
        and h.position < d.position and h.status in ('retrying', 'waiting', 'failed'))
  order by d.position limit $1::int`;

/**
 * Reads the aggregates that a dead letter blocks, the oldest first, with the number of events that wait behind it. $1 maximum number,
 * $2 and $3 position and sink of the last one of the previous page, or null, $4 maximum count.
 *
 * Index: outbox_delivery_open for the dead letters of each sink; outbox_delivery_aggregate for the head and for the count. Locks: none.
 * Cost: reads at most $1 dead letters of each sink and $4 waiting deliveries of each aggregate.
 */
export const LIST_BLOCKED = `
select d.sink, d.aggregate_type, d.aggregate_id, d.organization_id, d.event_id, d.event_type, d.occurred_at, d.attempts, d.last_error,
  d.updated_at as failed_at, d.position::text, waiting.count as waiting,
  case when octet_length(d.payload::text) <= ${MAX_LISTED_BYTES} then d.payload::text end as payload
from (
  select f.* from outbox.outbox_sink s cross join lateral (${FAILED_HEADS}) f
  where s.state <> 'retired' and s.ordering = 'aggregate' and not s.observer
  order by f.position, f.sink limit $1::int) d
cross join lateral (
  select count(*)::int from (
    select from outbox.outbox_delivery w
    where w.sink = d.sink and w.aggregate_type = d.aggregate_type and w.aggregate_id = d.aggregate_id and w.status = 'waiting'
    limit $4::int) w) waiting
order by d.position, d.sink`;
