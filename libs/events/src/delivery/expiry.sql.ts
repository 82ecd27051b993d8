/**
 * What of a sink's deliveries nobody needs any more. A delivery outlives its log row, or its event would read as
 * `published` again: nothing at or above the oldest position of the log goes. Beyond that settled ones go at once, failed
 * ones after their time, but none behind which others of its aggregate wait. $1 sink, $2 milliseconds that failed ones
 * are kept, $3 whether the sink keeps the order of aggregates.
 */
const EXPIRED = `
from outbox.outbox_delivery d
where d.sink = $1 and d.position < coalesce((select min(position) from outbox.outbox_log), 9223372036854775807)
  and (d.status in ('published', 'skipped')
    or (d.status = 'failed' and d.updated_at < clock_timestamp() - $2::bigint * interval '1 ms'
      and not ($3::boolean and exists (select from outbox.outbox_delivery behind
        where behind.sink = d.sink and behind.aggregate_type = d.aggregate_type and behind.aggregate_id = d.aggregate_id
          and behind.status in ('retrying', 'waiting', 'failed') and behind.position > d.position))))`;

/** How many. Through outbox_delivery_status, those that are open are not looked at. Locks nothing. */
export const COUNT_EXPIRED = `select count(*)::int as expired ${EXPIRED}`;

/**
 * Deletes them, with their attempts (outbox_attempt_event); $4 most at once. In a transaction that stores progress, so
 * only the leader does it. Waits for nobody: nobody else writes deliveries.
 */
export const EXPIRE = `
with gone as (
  delete from outbox.outbox_delivery where ctid = any (array(select d.ctid ${EXPIRED} limit $4))
  returning event_id, status, aggregate_type, aggregate_id),
attempts as (
  delete from outbox.outbox_attempt a using gone where a.sink = $1 and a.event_id = gone.event_id)
select status, aggregate_type, aggregate_id from gone`;
