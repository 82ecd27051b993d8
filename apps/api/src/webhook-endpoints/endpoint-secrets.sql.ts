/** Inserts the current secret. Index: webhook_secret_current. Locks: the key of the endpoint. $1 id, $2 endpoint, $3 key, $4 ciphertext. */
export const INSERT_SECRET = 'insert into webhook_secret (id, endpoint_id, key_id, ciphertext) values ($1, $2, $3, $4)';

/**
 * Ends all secrets of an endpoint after a time, unless they end earlier. $1 endpoint, $2 hours.
 *
 * Index: webhook_secret_endpoint. Locks: the secrets. Cost: a few rows.
 */
export const END_SECRETS = `
update webhook_secret set expires_at = least(expires_at, clock_timestamp() + $2::int * interval '1 hour') where endpoint_id = $1`;

/** Reads the end of the last replaced secret, and how many still sign. Index: webhook_secret_endpoint. Locks: none. $1 endpoint. */
export const FIND_LAST_END = `
select max(expires_at) as expires_at, count(*) filter (where expires_at > clock_timestamp()) as signing
from webhook_secret where endpoint_id = $1`;

/** Deletes the secrets that no longer sign. Index: webhook_secret_endpoint. Locks: the secrets. $1 endpoint. */
export const DELETE_ENDED_SECRETS = 'delete from webhook_secret where endpoint_id = $1 and expires_at <= clock_timestamp()';

/** Deletes all secrets of an endpoint. Index: webhook_secret_endpoint. Locks: the secrets. $1 endpoint. */
export const DELETE_SECRETS = 'delete from webhook_secret where endpoint_id = $1';

/**
 * Finds secrets that another key encrypts. $1 the key, $2 the id before the first one or empty text, $3 limit.
 *
 * Index: primary key. Locks: none. Cost: one scan of the table for all batches.
 */
export const FIND_OLD_SECRETS = `
select id::text as id, endpoint_id::text as endpoint_id, key_id, ciphertext from webhook_secret
where key_id <> $1 and ($2 = '' or id > $2::uuid) order by id limit $3::int`;

/** Replaces a ciphertext, unless another process has. Index: primary key. Locks: the secret. $1 id, $2 old one, $3 key, $4 new one. */
export const REENCRYPT_SECRET = `
update webhook_secret set key_id = $3, ciphertext = $4 where id = $1::uuid and ciphertext = $2`;
