/** One at a time; held until the transaction ends. The number only has to be ours. */
export const LOCK = 'select pg_advisory_xact_lock(7165823002)';

/** Served by the unique index on the address; a user who is there stays as it is. */
export const INSERT_USER = `
insert into organizations_user (id, email, name) values ($1, $2, $3) on conflict ((lower(email))) do nothing`;

/** By the primary key. */
export const FIND_PROVIDER_ID = 'select provider_id from organizations_user where id = $1 for update';

/** By the primary key; locks that row. */
export const APPOINT = 'update organizations_user set operator = true, provider_id = $2 where id = $1';
