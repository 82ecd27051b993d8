/** One process at a time; the lock ends with the session. $1 the lock's number. */
export const TRY_LOCK = 'select pg_try_advisory_lock($1) as locked';

/**
 * Empties a slot, or says why not; see the function. It waits 200 ms at most for the slot, during which readers of the log
 * wait behind it; writers wait only if they write into this slot, and none does. $1 slot, $2 milliseconds, $3 dry run.
 */
export const EMPTY_SLOT = `select outbox.empty_slot($1, $2 * interval '1 ms', $3) as outcome`;

/** Bytes of a slot with its indexes; the empty pages of a truncated one are a few. $1 slot. */
export const SLOT_SIZE = `select pg_total_relation_size(format('outbox.outbox_log_%s', $1::int)::regclass)::float8 as bytes`;

/**
 * Progress that says nothing any more: within a second only the last row of a sink tells when an event went out, and
 * rows below the oldest event tell it of none. Never what is younger than an hour, nor the newest row, nor number 0.
 *
 * Reads the table once, in the order of its primary key: 0.6 s for 600,000 rows, the week of a busy sink.
 */
export const OLD_PROGRESS = `
select p.place from (
  select ctid as place, number, position, stored_at, lead(stored_at) over (partition by sink order by number) as next_at
  from outbox.outbox_progress) p
where p.number > 0 and p.next_at is not null and p.stored_at < clock_timestamp() - interval '1 hour'
  and (date_trunc('second', p.stored_at) = date_trunc('second', p.next_at)
    or p.position < coalesce((select min(position) from outbox.outbox_log), 9223372036854775807))`;

/** Receipts that are old. Through consumer_receipt_expiry: only the pages of that time. $1 milliseconds. */
export const OLD_RECEIPTS = `
select ctid as place from outbox.consumer_receipt
where coalesce(done_at, claimed_until) < clock_timestamp() - $1::bigint * interval '1 ms'`;

/** Commands that were answered long ago. A small table, read whole. $1 milliseconds. */
export const OLD_COMMANDS = `
select ctid as place from outbox.outbox_command where done_at < clock_timestamp() - $1::bigint * interval '1 ms'`;

/** Replays that ended long ago. A small table, read whole. $1 milliseconds. */
export const OLD_REPLAYS = `
select ctid as place from outbox.outbox_replay where done_at < clock_timestamp() - $1::bigint * interval '1 ms'`;
