import { LARGEST_PAYLOAD_BYTES } from './payload-limit.js';

const READABLE = `($6::text[] is null or event_type = any ($6)) and size <= ${LARGEST_PAYLOAD_BYTES}`;
// The time in milliseconds: a number is read in a third of the time that a date as text takes. The payload as it is, since
// json has no cast to text but by way of both types' own texts: that takes a quarter of the server's time.
const ROW = `position, event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id, correlation_id,
  date_part('epoch', occurred_at) * 1000 as occurred_ms, size, case when ${READABLE} then payload end as payload`;
// One row of the result is not an event, and has no position: in place of a type it says in which snapshot the rows were
// found, and in place of a size how many late ones there are. Each column more costs as much with every event.
const EDGE = `select null, null, pg_current_snapshot()::text, null, null, null, null, null, null, (select count(*) from late)::int, null`;
// What comes before a row: it never falls from row to row, so that a bound on it cuts off an end and nothing between.
const BEFORE = `coalesce(sum(case when ${READABLE} then size end)
  over (order by position rows between unbounded preceding and 1 preceding), 0) as before`;
const LATE_ROWS = `select ${ROW} from late where before < $7::bigint`;

/**
 * What is due behind a cursor, in one statement and so in one snapshot, which comes back even when nothing is due. The
 * rows come in no order; the fresh ones are those above the position. $1 position, $2 the transactions that the cursor's
 * snapshot lists as running, $3 its xmax, $4 most fresh rows, $5 most late rows, $6 the wanted types or null, $7 most
 * bytes of either part (one row always comes).
 *
 * Late rows come through outbox_log_txid (only ids that are shown by now; `offset 0` is a fence, so that only this
 * index fits), fresh ones through outbox_log_position. How far those reach is found without their payloads, and added up
 * row by row only where they are too many: that would cost as much as reading them. Locks nothing.
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
  next as materialized (
    select position, size, event_type from outbox.outbox_log where position > $1 order by position limit $4::int),
  reach as (
    select case when sum(size) <= $7::bigint then max(position)
      else (select max(position) from (select position, ${BEFORE} from next) n where before < $7) end as position from next)
${LATE_ROWS}
union all
select ${ROW} from outbox.outbox_log where position > $1 and position <= (select position from reach)
union all
${EDGE}`;

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
${LATE_ROWS}
union all
${EDGE}`;
