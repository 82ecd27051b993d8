import { EVENT_COLUMNS } from './event-columns.js';
import { MAX_PAYLOAD_BYTES } from './payload-limit.js';

const READABLE = `($6::text[] is null or event_type = any ($6)) and size <= ${MAX_PAYLOAD_BYTES}`;
// The time is in milliseconds: parsing a number takes a third of the time of parsing a date. The payload is not cast to text: a
// cast from json to text goes through the text forms of both types and takes a quarter of the server time.
const ROW = `position, ${EVENT_COLUMNS}, date_part('epoch', occurred_at) * 1000 as occurred_ms, size,
  case when ${READABLE} then payload end as payload`;
// One row of the result is not an event and has no position. It contains the snapshot of the read in place of the event type, and
// the number of late rows in place of the size. Separate columns would add their cost to every event.
const EDGE = `select null, null, pg_current_snapshot()::text, null, null, null, null, null, null, (select count(*) from late)::int, null`;
// The bytes before a row. The sum never decreases from row to row, so a limit on it removes only rows at the end.
const BEFORE = `coalesce(sum(case when ${READABLE} then size end)
  over (order by position rows between unbounded preceding and 1 preceding), 0) as before`;
const LATE_ROWS = `select ${ROW} from late where before < $7::bigint`;

/**
 * Reads the events that a cursor does not cover, in one statement and therefore in one snapshot. Returns the snapshot even if
 * there are no events. The rows have no order; fresh rows are those above the position. $1 position, $2 the transactions that the
 * cursor's snapshot lists as running, $3 its xmax, $4 maximum fresh rows, $5 maximum late rows, $6 wanted types or null, $7
 * maximum bytes of each part (at least one row is returned).
 *
 * Index: outbox_log_txid for late rows, only for transactions that are visible now; `offset 0` keeps the planner from using
 * another index. outbox_log_position for fresh rows. The end of the fresh rows is computed without their payloads. The sum for
 * each row is computed only if the total exceeds the limit, because it costs as much as reading the rows. Locks: none.
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
 * Reads the next slice of a late set that exceeded the limit of a read. $1 position, $2 the cursor's snapshot, $3 the snapshot in
 * which the late rows were found, $4 the position that the slices have reached, $5 maximum rows, $6 and $7 as in READ.
 *
 * Index: outbox_log_position. Cost: proportional to the slice.
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
