/**
 * Reads the identity of the destination when it was last seen, and the cursor number at that time. Both are null before. $1 sink.
 */
export const LAST_SEEN = 'select seen_number as number, seen_as as identity from outbox.outbox_sink where name = $1';

/**
 * Stores that the destination had the identity $3 when cursor $2 was the newest. $1 sink. If the destination is missing, $3 is
 * null and $2 is the number at which it was last seen. A former leader has a lower number and changes nothing. Cost: one small
 * row for each check.
 */
export const STORE_LAST_SEEN = `
update outbox.outbox_sink set seen_number = $2, seen_as = $3 where name = $1 and coalesce(seen_number, 0) <= $2`;

/**
 * Rewinds to the newest cursor at or below number $2, because thinning may have removed that one. In the same statement,
 * schedules the deliveries that were published since then. $1 sink, $2 number, $3 the next number, $4 worker, $5 the new identity
 * of the destination.
 *
 * Index: the primary key of outbox_progress, one row in each direction; outbox_delivery_status, the published deliveries of all
 * sinks. Ignores cursors of another cluster. Includes deliveries of the minute before, in case the clock was set back; duplicates
 * are allowed.
 */
export const REWIND = `
with target as materialized (
  select * from (
    (select 1 as preference, p.* from outbox.outbox_progress p
      where p.sink = $1 and p.number <= $2 and p.xmin = p.txid::xid order by p.number desc limit 1)
    union all
    (select 2, p.* from outbox.outbox_progress p
      where p.sink = $1 and p.number > $2 and p.xmin = p.txid::xid order by p.number limit 1)) found
  order by preference limit 1),
rewound as (
  insert into outbox.outbox_progress (sink, number, position, snapshot, late_position, late_snapshot, worker)
  select sink, $3, position, snapshot, late_position, late_snapshot, $4 from target),
again as (
  update outbox.outbox_delivery d set updated_at = clock_timestamp(), next_attempt_at = clock_timestamp(),
    status = case when s.ordering = 'aggregate' then 'waiting' else 'retrying' end
  from target t join outbox.outbox_sink s on s.name = t.sink
  where d.sink = $1 and d.status = 'published' and d.updated_at >= t.stored_at - interval '1 minute'
  returning 1),
noted as (update outbox.outbox_sink set seen_number = $3, seen_as = $5 where name = $1)
select position, (select count(*) from again)::int as deliveries from target`;
