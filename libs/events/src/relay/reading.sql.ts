import { LARGEST_PAYLOAD_BYTES } from './payload-limit.js';

// The time in milliseconds: a number is read in a third of the time that a date as text takes.
const FACTS = `position, event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id, correlation_id,
  (extract(epoch from occurred_at) * 1000)::float8 as occurred_ms, size`;
const WANTED = '($6::text[] is null or event_type = any ($6))';
const READABLE = `${WANTED} and size <= ${LARGEST_PAYLOAD_BYTES}`;
const ROW = `${FACTS}, case when ${READABLE} then payload::text end as payload,
  ${WANTED} and size > ${LARGEST_PAYLOAD_BYTES} as too_large`;
// One row of the result is not an event: it says how many late rows there are and in which snapshot they were found. Said
// with each row, and the rows sorted here, a read would cost the server twice as much.
const EDGE = `select null, null, null, null, null, null, null, null, null, null, null, null, null, (select count(*) from late)::int,
  pg_current_snapshot()::text`;
const LATE_ROWS = `select ${ROW}, true as late, null::int as late_found, null as read_in from late where before < $7::bigint`;
// What comes before a row: it never falls from row to row, so that a bound on it cuts off an end and nothing between.
const BEFORE = `coalesce(sum(case when ${READABLE} then size end)
  over (order by position rows between unbounded preceding and 1 preceding), 0) as before`;

/**
 * What is due behind a cursor, in one statement and so in one snapshot, which comes back as `read_in` even when nothing
 * is due. The rows come in no order. $1 position, $2 the transactions that the cursor's snapshot lists as running, $3 its
 * xmax, $4 most fresh rows, $5 most late rows, $6 the wanted types or null, $7 most bytes of either part (one row always
 * comes).
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
${LATE_ROWS}
union all
select ${ROW}, false, null, null from fresh where before < $7
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
