/**
 * Index: all statements use the primary key. $1 consumer, $2 event, $3 replay. A second process that handles the same event
 * waits for the transaction of the first (INSERT_RECEIPT) or finds its claim (CLAIM_EVENT).
 */

/** The value of `replay` for the first delivery. Each replay has its own id and therefore its own receipts. */
export const FIRST_DELIVERY = '00000000-0000-0000-0000-000000000000';

/** Inserts the receipt of a database effect, in the handler's transaction. $4 correlation id. No row: already handled. */
export const INSERT_RECEIPT = `
insert into outbox.consumer_receipt (consumer, event_id, replay, state, done_at, correlation_id)
values ($1, $2, $3, 'done', clock_timestamp(), $4) on conflict do nothing returning 'received' as received`;

/** Claims an event for an external effect. $4 correlation id, $5 milliseconds. No row: read the receipt with FIND_RECEIPT. */
export const CLAIM_EVENT = `
insert into outbox.consumer_receipt as r (consumer, event_id, replay, state, claimed_until, correlation_id)
values ($1, $2, $3, 'claimed', clock_timestamp() + $5 * interval '1 ms', $4)
on conflict (consumer, event_id, replay) do update set claimed_until = excluded.claimed_until
where r.state = 'claimed' and r.claimed_until < clock_timestamp()
returning claimed_until::text as claim`;

/** Reads the state of a receipt and the remaining time of its claim. */
export const FIND_RECEIPT = `
select state, greatest(0, extract(epoch from claimed_until - clock_timestamp()) * 1000)::int::text as left_ms
from outbox.consumer_receipt where consumer = $1 and event_id = $2 and replay = $3`;

/** Marks an event as done. $4 result. Works even if the claim has expired, because the effect has happened. */
export const DONE = `
update outbox.consumer_receipt set state = 'done', claimed_until = null, done_at = clock_timestamp(), result = $4::jsonb
where consumer = $1 and event_id = $2 and replay = $3 and state = 'claimed'`;

/** Releases a claim after a failure. $4 the claim; it protects a newer claim of another process. */
export const RELEASE_CLAIM = `
delete from outbox.consumer_receipt
where consumer = $1 and event_id = $2 and replay = $3 and state = 'claimed' and claimed_until = $4::timestamptz`;
