/**
 * The first half of the advisory lock's key; the second half is the hash of the sink's name. The value is arbitrary, but the
 * same in every process.
 */
export const LOCK_CLASS = 1_886_546_785;

/**
 * Takes the lock of a sink for the session. pg_advisory_lock is not used: a waiting statement holds a snapshot. $1 class, $2
 * sink.
 */
export const TRY_LOCK_SINK = 'select pg_try_advisory_lock($1, hashtext($2)) as locked, pg_backend_pid() as backend';

/** Takes the lock of a sink until the transaction ends. Never waits. $1 class, $2 sink. */
export const LOCK_SINK = 'select pg_try_advisory_xact_lock($1, hashtext($2)) as locked';

/** True while a session holds the lock of the sink `s`; $1 class. */
export const IS_LED = `exists (
    select from pg_locks l where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.classid::bigint = $1
      and l.database = (select oid from pg_database where datname = current_database())
      and l.objid::bigint = hashtext(s.name)::bigint & 4294967295)`;

/**
 * True for a sink that no worker leads, `led`, and whose newest cursor `p` is two minutes older than that of another sink: workers ran
 * without it. An idle leader stores its cursor every minute, and a rolling deployment leaves a sink without a leader for seconds.
 */
export const isAbandoned = (led: string): string =>
  `coalesce(not ${led} and max(p.stored_at) over () - p.stored_at > interval '2 minutes', false)`;

/** Lists the sinks whose newest cursor or start was written in another cluster. Index: primary key, two rows for each sink. */
export const RESTORED_SINKS = `
select s.name from outbox.outbox_sink s where s.state <> 'retired' and exists (
  select from outbox.outbox_progress p
  where p.sink = s.name and p.xmin <> p.txid::xid
    and p.number in (0, (select max(number) from outbox.outbox_progress n where n.sink = s.name)))
order by s.name`;
