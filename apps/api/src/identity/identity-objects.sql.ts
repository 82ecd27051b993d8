/**
 * Runs the notices about one object in turn. $1 the object's id at the provider.
 *
 * Locks: an advisory lock until the transaction ends. The number is arbitrary, and tells these locks from others.
 */
export const LOCK = 'select pg_advisory_xact_lock(1764600007, hashtext($1))';

/** Index: primary key. Locks: none; LOCK precedes it. */
export const FIND = 'select organization_id, version, state, applied from identity_object where provider_id = $1';

/** Index: primary key. Locks: the row. */
export const STORE = `
insert into identity_object (provider_id, organization_id, version, state, applied) values ($1, $2, $3, $4, $5)
on conflict (provider_id) do update set organization_id = excluded.organization_id, version = excluded.version,
  state = excluded.state, applied = excluded.applied`;
