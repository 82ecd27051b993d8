import { NOT_HANDED_OVER_TO } from '../log/log-slots.sql.js';
import { SLOT_COUNT } from '../log/slot-count.js';
import { IS_REPORTING } from '../log/worker.sql.js';

/** Takes the lock that lets one process run housekeeping. The lock ends with the session. $1 lock number. */
export const TRY_LOCK = 'select pg_try_advisory_lock($1) as locked';

/**
 * Empties a slot, or returns why not; see the function `outbox.empty_slot`. $1 slot, $2 retention in milliseconds, $3 dry run.
 *
 * Locks: the slot, after a wait of at most 200 ms. Readers of the log wait during that time. Writers wait only if they insert
 * into this slot, and no current insert does.
 */
export const EMPTY_SLOT = `select outbox.empty_slot($1, $2 * interval '1 ms', $3) as outcome`;

/** Reads the size of a slot with its indexes, in bytes. A truncated slot still has a few pages. $1 slot. */
export const SLOT_SIZE = `select pg_total_relation_size(format('outbox.outbox_log_%s', $1::int)::regclass)::float8 as bytes`;

/**
 * Selects progress rows that are no longer needed to tell when an event was published: all but the last row of each second, and
 * rows below the oldest event. Never selects rows younger than an hour, the newest row or number 0.
 *
 * Index: primary key, one scan of the table. Cost: 0.6 s for 600,000 rows, a week of a busy sink.
 */
export const OLD_PROGRESS = `
select p.place from (
  select ctid as place, number, position, stored_at, lead(stored_at) over (partition by sink order by number) as next_at
  from outbox.outbox_progress) p
where p.number > 0 and p.next_at is not null and p.stored_at < clock_timestamp() - interval '1 hour'
  and (date_trunc('second', p.stored_at) = date_trunc('second', p.next_at)
    or p.position < coalesce((select min(position) from outbox.outbox_log), 9223372036854775807))`;

/**
 * Selects expired receipts. Index: consumer_receipt_expiry, which limits the scan to pages of that time. $1 retention in
 * milliseconds.
 */
export const OLD_RECEIPTS = `
select ctid as place from outbox.consumer_receipt
where coalesce(done_at, claimed_until) < clock_timestamp() - $1::bigint * interval '1 ms'`;

/** Selects expired commands. Index: none; the table is small. $1 retention in milliseconds. */
export const OLD_COMMANDS = `
select ctid as place from outbox.outbox_command where done_at < clock_timestamp() - $1::bigint * interval '1 ms'`;

/** Selects expired replays. Index: none; the table is small. $1 retention in milliseconds. */
export const OLD_REPLAYS = `
select ctid as place from outbox.outbox_replay where done_at < clock_timestamp() - $1::bigint * interval '1 ms'`;

/** Selects the workers that have ended without removing their row. Index: none; the table is small. */
export const LOST_WORKERS = `
select ctid as place from outbox.outbox_worker where reported_at < clock_timestamp() - interval '1 day'`;

/** Stores the last run. Locks: the only row. $1 retention, $2 results, as JSON. */
export const STORE_RUN = `
insert into outbox.outbox_housekeeping (retention, results) values ($1::jsonb, $2::jsonb)
on conflict (id) do update set ran_at = clock_timestamp(), retention = excluded.retention, results = excluded.results`;

/** Reads the last run, and the time of the next one. Index: none; the tables are small. Locks: none. */
export const FIND_RUN = `
select ran_at as at, retention, results,
  (select min(next_housekeeping_at) from outbox.outbox_worker where ${IS_REPORTING}) as next_run_at
from outbox.outbox_housekeeping`;

/**
 * Selects the slots whose newest event is older than the retention, with the sinks that keep them. $1 retention in milliseconds.
 * Index: outbox_log_position of each slot. Locks: none.
 */
export const FIND_SLOTS = `
select n as slot, pg_total_relation_size(format('outbox.outbox_log_%s', n)::regclass)::float8 as bytes,
  ${NOT_HANDED_OVER_TO} as not_handed_over_to
from generate_series(0, ${SLOT_COUNT - 1}) n
cross join lateral (
  select recorded_at, position from outbox.outbox_log where slot = n::smallint order by position desc limit 1) newest
where newest.recorded_at <= clock_timestamp() - $1::bigint * interval '1 ms'
order by n`;
