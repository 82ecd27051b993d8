import { LARGEST_PAYLOAD_BYTES } from './payload-limit.js';

const FACTS = `position, event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id, correlation_id,
  occurred_at, size`;
const WANTED = '($6::text[] is null or event_type = any ($6))';
const READABLE = `${WANTED} and size <= ${LARGEST_PAYLOAD_BYTES}`;
const ROW = `${FACTS}, case when ${READABLE} then payload::text end as payload,
  ${WANTED} and size > ${LARGEST_PAYLOAD_BYTES} as too_large`;
// What comes before a row: it never falls from row to row, so that a bound on it cuts off an end and nothing between.
const BEFORE = `coalesce(sum(case when ${READABLE} then size end)
  over (order by position rows between unbounded preceding and 1 preceding), 0) as before`;

/**
 * What is due behind a cursor, in one statement and so in one snapshot, which comes back as `read_in` even when nothing
 * is due. $1 position, $2 the transactions that the cursor's snapshot lists as running, $3 its xmax, $4 most fresh rows,
 * $5 most late rows, $6 the wanted types or null, $7 most bytes of either part (one row always comes).
 *
 * Late rows come through outbox_log_txid (only ids that are shown by now; `offset 0` is a fence, so that only this
 * index fits), fresh ones through outbox_log_position. Locks nothing. 0.2 ms when nothing is due.
 */
export const READ = `
with late as (
    select *, ${BEFORE} from (
      select * from (
        select * from outbox.outbox_log where txid = any (array(
          select x from unnest($2::xid8[]) x where pg_visible_in_snapshot(x, pg_current_snapshot())))
        union all
        select * from outbox.outbox_log where txid >= $3::xid8 and txid < pg_snapshot_xmax(pg_current_snapshot())
        offset 0) unseen
      where position <= $1::bigint order by position limit $5::int + 1) slice),
  fresh as (
    select *, ${BEFORE} from (
      select * from outbox.outbox_log where position > $1 order by position limit $4::int) next)
select due.*, (select count(*) from late)::int as late_found, pg_current_snapshot()::text as read_in
from (
  select ${ROW}, true as late from late where before < $7::bigint
  union all
  select ${ROW}, false from fresh where before < $7) due
right join (select 1) one on true
order by late desc, position`;

/**
 * More of a late set that did not come whole. $1 position, $2 the cursor's snapshot, $3 the snapshot in which the late
 * rows were found, $4 the position that the slices have reached, $5 most rows, $6 and $7 as above.
 *
 * By position, through outbox_log_position, so that each slice costs what it holds.
 */
export const SLICE = `
with late as (
    select *, ${BEFORE} from (
      select * from outbox.outbox_log
      where position > $4::bigint and position <= $1::bigint and not pg_visible_in_snapshot(txid, $2::pg_snapshot)
        and pg_visible_in_snapshot(txid, $3::pg_snapshot)
      order by position limit $5::int + 1) slice)
select due.*, (select count(*) from late)::int as late_found, pg_current_snapshot()::text as read_in
from (select ${ROW}, true as late from late where before < $7::bigint) due
right join (select 1) one on true
order by position`;
