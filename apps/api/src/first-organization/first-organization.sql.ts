/** One at a time; held until the transaction ends. The number only has to be ours. */
export const LOCK = 'select pg_advisory_xact_lock(7165823002)';

/** By the primary key. */
export const FIND_PROVIDER_ID = 'select provider_id from organizations_user where id = $1 for update';

/** Index: primary key. Locks: that row. */
export const APPOINT = 'update organizations_user set operator = true, provider_id = $2, name = $3 where id = $1';
