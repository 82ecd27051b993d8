/**
 * Index: all statements use the primary key. $1 consumer, $2 event, $3 replay. A second process that handles the same event
 * waits for the transaction of the first (INSERT_RECEIPT) or finds its claim (FIND_RECEIPT). The outermost statement is a select
 * or an insert where rows are read, because TypeORM returns the rows of an update in another form.
 */

/** The value of `replay` for the first delivery. Each replay has its own id and therefore its own receipts. */
export const FIRST_DELIVERY = '00000000-0000-0000-0000-000000000000';

/** Inserts the receipt of a database effect, in the handler's transaction. $4 correlation id. No row: already handled. */
export const INSERT_RECEIPT = `
insert into outbox.consumer_receipt (consumer, event_id, replay, state, done_at, correlation_id)
values ($1, $2, $3, 'done', clock_timestamp(), $4) on conflict do nothing returning 'received' as received`;

/**
 * Claims an event for an external effect. $4 correlation id, $5 milliseconds, $6 the claim. No row: there is a receipt or a claim;
 * read it with FIND_RECEIPT. Locks: does not wait for a row that another transaction has locked.
 */
export const CLAIM_EVENT = `
insert into outbox.consumer_receipt (consumer, event_id, replay, state, claimed_until, correlation_id, claim)
values ($1, $2, $3, 'claimed', clock_timestamp() + $5 * interval '1 ms', $4, $6) on conflict do nothing
returning 'claimed' as claimed`;

/**
 * Replaces an expired claim. $4 the expired claim, null for one of a version without claim ids, $5 the new claim, $6 milliseconds.
 * No row: its owner has renewed it or is writing the receipt, or another process was faster. Locks: skips a locked row.
 */
export const TAKE_OVER = `
with expired as (
  select consumer, event_id, replay from outbox.consumer_receipt
  where consumer = $1 and event_id = $2 and replay = $3 and state = 'claimed'
    and claimed_until < clock_timestamp() and claim is not distinct from $4::uuid for update skip locked),
taken as (
  update outbox.consumer_receipt r set claimed_until = clock_timestamp() + $6 * interval '1 ms', claim = $5
  from expired e where r.consumer = e.consumer and r.event_id = e.event_id and r.replay = e.replay returning 'claimed' as claimed)
select claimed from taken`;

/** Reads the state of a receipt, its claim, and the remaining time of the claim. */
export const FIND_RECEIPT = `
select state, claim::text, greatest(0, extract(epoch from claimed_until - clock_timestamp()) * 1000)::int::text as left_ms
from outbox.consumer_receipt where consumer = $1 and event_id = $2 and replay = $3`;

/**
 * Renews claims. $1 to $3 the keys, $4 the claims, as arrays; $5 milliseconds. Returns the claims that it renewed. Locks: skips a
 * row that another transaction has locked, so one such row does not delay the other claims.
 */
export const RENEW_CLAIMS = `
with held as (
  select h.consumer, h.event_id, h.replay from outbox.consumer_receipt h
  join unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[]) as c (consumer, event_id, replay, claim)
    on h.consumer = c.consumer and h.event_id = c.event_id and h.replay = c.replay and h.claim = c.claim
  where h.state = 'claimed' for update of h skip locked),
renewed as (
  update outbox.consumer_receipt r set claimed_until = clock_timestamp() + $5 * interval '1 ms'
  from held where r.consumer = held.consumer and r.event_id = held.event_id and r.replay = held.replay
  returning r.claim::text as claim)
select claim from renewed`;

/**
 * Writes the receipt of an external effect. $4 correlation id, $5 result. Needs no claim: the effect has happened, even if the
 * claim has expired, was taken over or was deleted. Keeps an existing receipt.
 */
export const DONE = `
insert into outbox.consumer_receipt as r (consumer, event_id, replay, state, done_at, correlation_id, result)
values ($1, $2, $3, 'done', clock_timestamp(), $4, $5::jsonb)
on conflict (consumer, event_id, replay) do update
set state = 'done', claimed_until = null, claim = null, done_at = excluded.done_at, result = excluded.result
where r.state = 'claimed'`;

/** Releases a claim after a failure. $4 the claim; it protects a newer claim of another process. */
export const RELEASE_CLAIM = `
delete from outbox.consumer_receipt
where consumer = $1 and event_id = $2 and replay = $3 and state = 'claimed' and claim = $4`;
