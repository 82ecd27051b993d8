import { selectLateRows } from '@pikaia/database';
import { readablePayload, selectEvent, selectNoEvent } from './event.row.js';
import { wantedTypes } from './sink-types.sql.js';
import { MAX_PAYLOAD_BYTES } from './payload-limit.js';

// Only events at or below `since` can be older than the registration of their type.
const IS_WANTED = `((select types from wanted) is null or event_type = any ((select types from wanted)::text[]))
  and (position > (select since from wanted) or outbox.wants($6, event_type, position, txid))`;
const READABLE = `${IS_WANTED} and size <= ${MAX_PAYLOAD_BYTES}`;
// The payload is not cast to text: a cast from json to text goes through the text forms of both types and takes a quarter of the
// server time.
const ROW = selectEvent('size', `case when ${IS_WANTED} then ${readablePayload('payload', 'size')} end`, 'recorded_at');
// One row of the result is not an event and has no position. It contains the snapshot of the read in place of the event type, and
// the number of late rows in place of the size. Separate columns would add their cost to every event.
const EDGE = `select ${selectNoEvent('(select count(*) from late)::int', { event_type: 'pg_current_snapshot()::text' })}`;
// The bytes before a row. The sum never decreases from row to row, so a limit on it removes only rows at the end.
const BEFORE = `coalesce(sum(case when ${READABLE} then size end)
  over (order by position rows between unbounded preceding and 1 preceding), 0) as before`;
const LATE_ROWS = `select ${ROW} from late where before < $7::bigint`;

/**
 * Reads the events that a cursor does not cover, in one statement and therefore in one snapshot. Returns the snapshot even if
 * there are no events. The rows have no order; fresh rows are those above the position. $1 position, $2 the transactions that the
 * cursor's snapshot lists as running, $3 its xmax, $4 maximum fresh rows, $5 maximum late rows, $6 sink,
 * $7 maximum bytes of each part (at least one row is returned).
 *
 * Index: outbox_log_txid for late rows; outbox_log_position for fresh rows. The end of the fresh rows is computed without their
 * payloads. The sum for each row is computed only if the total exceeds the limit, because it costs as much as reading the rows.
 * Locks: none.
 */
export const READ = `
with ${wantedTypes('$6')},
  late as (
    select *, ${BEFORE} from (${selectLateRows('outbox.outbox_log')}
      order by position limit $5::int + 1) slice),
  next as materialized (
    select position, size, event_type, txid from outbox.outbox_log where position > $1 order by position limit $4::int),
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
with ${wantedTypes('$6')},
  late as (
    select *, ${BEFORE} from (
      select * from outbox.outbox_log
      where position > $4::bigint and position <= $1::bigint and not pg_visible_in_snapshot(txid, $2::pg_snapshot)
        and pg_visible_in_snapshot(txid, $3::pg_snapshot)
      order by position limit $5::int + 1) slice)
${LATE_ROWS}
union all
${EDGE}`;
