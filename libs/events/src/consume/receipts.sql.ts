/**
 * All by the primary key: $1 consumer, $2 event, $3 replay. A second process that handles the same event waits for the
 * first one's transaction (RECEIVE) or finds its claim (CLAIM).
 */

/** `replay` of the first delivery; each replay has an id, and so its own receipts. */
export const FIRST_DELIVERY = '00000000-0000-0000-0000-000000000000';

/** The receipt of a database effect, in the handler's transaction. $4 correlation id. No row: had. */
export const RECEIVE = `
insert into outbox.consumer_receipt (consumer, event_id, replay, state, done_at, correlation_id)
values ($1, $2, $3, 'done', clock_timestamp(), $4) on conflict do nothing returning 'received' as received`;

/** Claims an event for an effect outside. $4 correlation id, $5 milliseconds. No row: see FIND. */
export const CLAIM = `
insert into outbox.consumer_receipt as r (consumer, event_id, replay, state, claimed_until, correlation_id)
values ($1, $2, $3, 'claimed', clock_timestamp() + $5 * interval '1 ms', $4)
on conflict (consumer, event_id, replay) do update set claimed_until = excluded.claimed_until
where r.state = 'claimed' and r.claimed_until < clock_timestamp()
returning claimed_until::text as claim`;

/** Whose is it? */
export const FIND = `
select state, greatest(0, extract(epoch from claimed_until - clock_timestamp()) * 1000)::int::text as left_ms
from outbox.consumer_receipt where consumer = $1 and event_id = $2 and replay = $3`;

/** $4 result. Whoever had the effect says so, even if its claim has run out. */
export const DONE = `
update outbox.consumer_receipt set state = 'done', claimed_until = null, done_at = clock_timestamp(), result = $4::jsonb
where consumer = $1 and event_id = $2 and replay = $3 and state = 'claimed'`;

/** Gives a claim back after a failure; $4 the claim, so that nobody else's is taken away. */
export const RELEASE = `
delete from outbox.consumer_receipt
where consumer = $1 and event_id = $2 and replay = $3 and state = 'claimed' and claimed_until = $4::timestamptz`;
