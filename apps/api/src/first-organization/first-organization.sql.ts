/** Serializes runs of the command. Locks: an advisory lock until the transaction ends. The number is arbitrary. */
export const LOCK = 'select pg_advisory_xact_lock(7165823002)';

/** Index: primary key. Locks: that row. */
export const FIND_PROVIDER_ID = 'select provider_id from organizations_user where id = $1 for update';

/** Index: primary key. Locks: that row. */
export const APPOINT = 'update organizations_user set operator = $2, viewer = $3, provider_id = $4, name = $5 where id = $1';
