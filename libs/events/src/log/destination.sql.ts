/** What the destination was when it was last seen, and the cursor of that time; both null before. $1 sink. */
export const LAST_SEEN = 'select seen_number as number, seen_as as identity from outbox.outbox_sink where name = $1';

/**
 * The destination was there when cursor $2 had been stored, and was $3; null: it was not there, so the number stays. A
 * leader of former times, whose number is lower, changes nothing. $1 sink. One small row, each time the sink is looked at.
 */
export const NOTE_SEEN = `
update outbox.outbox_sink set seen_number = $2, seen_as = $3 where name = $1 and coalesce(seen_number, 0) <= $2`;

/**
 * Goes back to the newest cursor that is not above number $2 (thinning may have removed that one), and in the same
 * statement has those deliveries sent again that were published since. $1 sink, $2 number, $3 the next number, $4 worker,
 * $5 what the destination is now.
 *
 * By primary key, backwards: one row. A cursor of another cluster is passed over. The minute before is for a clock that
 * was set back; what is sent twice is allowed. Through outbox_delivery's primary key: reads the deliveries of the sink.
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
