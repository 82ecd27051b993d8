/** The first number of the advisory locks of keys. Locks of other parts have another one. */
export const KEY_LOCKS = 1_768_842_352;

/** The first number of the lock that lets one process delete expired keys. */
export const REMOVAL_LOCK = 1_768_842_353;

/**
 * Locks a key until the transaction ends. Never waits: `locked` is false if another transaction has the lock. $1, $2 the two
 * numbers of the lock.
 */
export const TRY_LOCK = 'select pg_try_advisory_xact_lock($1::int, $2::int) as locked';

/** Reads the response of a key. Index: primary key. Locks: none. $1 key. */
export const FIND_RESPONSE = `
select fingerprint, status, headers, body, correlation_id, expires_at < clock_timestamp() as expired
from idempotency_key where id = $1`;

/**
 * Inserts a response. Index: primary key. Locks: the new row. Cost: no round trip, because it is sent with COMMIT. $1 key, $2
 * fingerprint, $3 status, $4 headers, $5 body, $6 correlation id.
 */
export const INSERT_RESPONSE = `
insert into idempotency_key (id, fingerprint, status, headers, body, correlation_id)
values ($1, $2, $3::int, $4::json, $5, $6::uuid)`;

/** Deletes an expired key that is used again. Index: primary key. Locks: the row. $1 key. */
export const DELETE_EXPIRED_KEY = 'delete from idempotency_key where id = $1 and expires_at < clock_timestamp()';

/**
 * Deletes the oldest expired rows. Deletes nothing while another process does so. Index: idempotency_key_expiry. Locks: the rows.
 * Cost: proportional to the rows. $1 the maximum number of rows.
 */
export const DELETE_EXPIRED_KEYS = `
delete from idempotency_key where id = any (array(
  select id from idempotency_key where expires_at < clock_timestamp() order by expires_at limit $1::int))
and (select pg_try_advisory_xact_lock(${REMOVAL_LOCK}, 0))`;
