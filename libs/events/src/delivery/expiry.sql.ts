/**
 * Selects the expired deliveries of a sink. A delivery is kept as long as its log row, because without it the event would
 * be shown as `published`: no delivery at or above the oldest log position expires. Below it, published and skipped deliveries
 * expire at once. Failed ones expire after their retention, unless other deliveries of the aggregate wait behind them.
 * Parameters: $1 sink, $2 retention of failed deliveries in milliseconds, $3 whether the sink is ordered by aggregate.
 */
const EXPIRED = `
from outbox.outbox_delivery d
where d.sink = $1 and d.position < coalesce((select min(position) from outbox.outbox_log), 9223372036854775807)
  and (d.status in ('published', 'skipped')
    or (d.status = 'failed' and d.updated_at < clock_timestamp() - $2::bigint * interval '1 ms'
      and not ($3::boolean and exists (select from outbox.outbox_delivery behind
        where behind.sink = d.sink and behind.aggregate_type = d.aggregate_type and behind.aggregate_id = d.aggregate_id
          and behind.status in ('retrying', 'waiting', 'failed') and behind.position > d.position))))`;

/**
 * Counts the expired deliveries. Index: outbox_delivery_status up to the oldest log position, for the deliveries of all sinks;
 * outbox_delivery_aggregate for those behind a failed one. Locks: none.
 */
export const COUNT_EXPIRED = `select count(*)::int as expired ${EXPIRED}`;

/** Counts the expired deliveries, at most $4. Index and locks: as in COUNT_EXPIRED. */
export const COUNT_EXPIRED_UP_TO = `select count(*)::int as expired from (select ${EXPIRED} limit $4::int) d`;

/**
 * Deletes expired deliveries and their attempts. It runs in a transaction that stores the cursor, so only the leader runs it.
 * Index: as in COUNT_EXPIRED; outbox_attempt_event for the attempts. Locks: the deleted rows; never waits, because only the leader
 * writes deliveries. Parameters: as above, and $4 maximum number of deliveries.
 */
export const DELETE_EXPIRED = `
with gone as (
  delete from outbox.outbox_delivery where ctid = any (array(select d.ctid ${EXPIRED} limit $4))
  returning event_id, status, aggregate_type, aggregate_id),
attempts as (
  delete from outbox.outbox_attempt a using gone where a.sink = $1 and a.event_id = gone.event_id)
select status, aggregate_type, aggregate_id from gone`;
