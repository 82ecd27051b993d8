/**
 * Statements that give the log and the cursors of a restored dump transaction ids of this cluster; see rebase.ts. All of them run
 * in one transaction as the owner. Locks: the log. Cost: rewrites each row of the log once.
 */

/**
 * Locks the log against all reads and writes, and waits until the transactions that use it have ended. Fails after ten seconds.
 */
export const LOCK_LOG = `set local lock_timeout = '10s'; lock table outbox.outbox_log, outbox.outbox_progress, outbox.outbox_sink_type in access exclusive mode`;

/** Takes the leader locks of all sinks until the transaction ends. $1 lock class. */
export const LOCK_SINKS = `
select name, pg_try_advisory_xact_lock($1, hashtext(name)) as free from outbox.outbox_sink order by name`;

/**
 * Collects the snapshots to rewrite: those of each sink's newest cursor, of its slices, of its start, of the cursor to which it
 * rewinds if its destination was lost, of open replays, and of registered types. The cluster of a replay is that of its sink's newest cursor, because
 * a leader started it.
 */
export const LIST_SNAPSHOTS = `
create temp table rebase_snapshot on commit drop as
with cursors as (
  select p.*, p.xmin = p.txid::xid as written_here, p.number = newest.number as is_newest
  from outbox.outbox_sink k
  cross join lateral (select max(number) as number from outbox.outbox_progress n where n.sink = k.name) newest
  cross join lateral (
    select max(number) as number from outbox.outbox_progress n where n.sink = k.name and n.number <= k.seen_number) seen
  join outbox.outbox_progress p on p.sink = k.name and p.number in (0, newest.number, seen.number)),
snapshots as (
  select sink, number, null::uuid as replay, null::uuid as type_id, written_here, 'snapshot' as kind, snapshot from cursors
  union all
  select sink, number, null, null, written_here, 'late_snapshot', late_snapshot from cursors where late_snapshot is not null
  union all
  select r.sink, null, r.id, null, c.written_here, 'replay', r.snapshot
  from outbox.outbox_replay r join cursors c on c.sink = r.sink and c.is_newest where r.done_at is null
  union all
  select sink, null, null, id, xmin = txid::xid, 'since', since_snapshot from outbox.outbox_sink_type
  union all
  select sink, null, null, id, xmin = txid::xid, 'until', until_snapshot from outbox.outbox_sink_type where until_snapshot is not null)
select row_number() over () as id, snapshots.* from snapshots`;

/**
 * Computes in which snapshots each transaction of the log is visible: '1' or '0', in the order of the snapshot ids. Ids of two
 * clusters are never compared. Nothing that was written in this cluster is visible in a snapshot from before the restore.
 * Everything that was restored is visible in a snapshot of this cluster. A row was written in this cluster if `xmin` equals
 * `txid` for all rows of its transaction.
 */
export const CLASSIFY_TRANSACTIONS = `
create temp table rebase_transaction on commit drop as
with writer as materialized (
  select xmin::text as id, bool_and(xmin = txid::xid) as here from outbox.outbox_log group by xmin),
transaction as (
  select distinct l.txid, w.here from outbox.outbox_log l join writer w on w.id = l.xmin::text)
select t.txid, t.here, (
  select coalesce(string_agg(case when case when t.here = s.written_here then pg_visible_in_snapshot(t.txid, s.snapshot)
    else s.written_here end then '1' else '0' end, '' order by s.id), '') from rebase_snapshot s) as shown
from transaction t`;

/** Lists the classes: the distinct combinations of visibility. */
export const LIST_CLASSES = 'select distinct shown from rebase_transaction order by shown';

/** Allocates an unused transaction id of this cluster by running its own transaction. */
export const ALLOCATE_ID = 'select pg_current_xact_id()::text as id';

/** Gives each row of the log the new transaction id of its class. $1 the classes, $2 the new id of each class. */
export const MOVE_LOG = `
with writer as materialized (
  select xmin::text as id, bool_and(xmin = txid::xid) as here from outbox.outbox_log group by xmin)
update outbox.outbox_log l set txid = c.id::xid8
from writer w, rebase_transaction t, unnest($1::text[], $2::text[]) as c (shown, id)
where w.id = l.xmin::text and t.txid = l.txid and t.here = w.here and c.shown = t.shown`;

/**
 * Rewrites the snapshots with the new ids. A snapshot lists the classes that are not visible in it as running, so the next read
 * looks them up. $1 and $2 as in MOVE_LOG.
 */
export const REWRITE_SNAPSHOTS = `
update rebase_snapshot s set snapshot = (
  select format('%s:%s:%s', coalesce(min(x.id), max(now.xmax)), max(now.xmax),
    coalesce(string_agg(x.id::text, ',' order by x.id), ''))::pg_snapshot
  from (select pg_current_snapshot() as r, pg_snapshot_xmax(pg_current_snapshot())::text::bigint as xmax) now
  left join lateral (
    select c.id::bigint as id from unnest($1::text[], $2::text[]) as c (shown, id) where substr(c.shown, s.id::int, 1) = '0'
    union select r.id::text::bigint from pg_snapshot_xip(now.r) as r (id)) x on true)`;

/** Appends a new cursor for every sink, with the number after its newest. */
export const APPEND_CURSORS = `
insert into outbox.outbox_progress (sink, number, position, snapshot, late_position, late_snapshot, worker)
select p.sink, p.number + 1, p.position, s.snapshot, p.late_position, late.snapshot, 'rebase'
from outbox.outbox_progress p
join rebase_snapshot s on s.sink = p.sink and s.number = p.number and s.kind = 'snapshot'
left join rebase_snapshot late on late.sink = p.sink and late.number = p.number and late.kind = 'late_snapshot'
where p.number = (select max(number) from outbox.outbox_progress n where n.sink = p.sink)`;

/**
 * Rewrites the older cursors. A cursor without a collected snapshot gets that of the newest collected cursor: it only tells when
 * an event was published, and its position suffices for that.
 */
export const REWRITE_HISTORY = `
update outbox.outbox_progress p set snapshot = s.snapshot, late_position = 0, late_snapshot = null, txid = pg_current_xact_id()
from rebase_snapshot s
where s.sink = p.sink and s.kind = 'snapshot' and p.worker <> 'rebase'
  and s.number = coalesce((select m.number from rebase_snapshot m where m.sink = p.sink and m.number = p.number limit 1),
    (select max(m.number) from rebase_snapshot m where m.sink = p.sink))`;

/**
 * Rewrites the snapshots of open replays. They continue at their position with the events that were delivered when they started.
 */
export const REWRITE_REPLAYS = `
update outbox.outbox_replay r set snapshot = s.snapshot from rebase_snapshot s where s.replay = r.id and s.sink = r.sink`;

/** Rewrites the starts and ends of registered types. */
export const REWRITE_TYPES = `
update outbox.outbox_sink_type t
set since_snapshot = since.snapshot, until_snapshot = until.snapshot, txid = pg_current_xact_id()
from rebase_snapshot since left join rebase_snapshot until on until.type_id = since.type_id and until.kind = 'until'
where since.type_id = t.id and since.kind = 'since'`;

/** Advances the sequence of positions. A sequence that was not restored would assign used positions below the cursors again. */
export const ADVANCE_POSITION = `
select setval('outbox.outbox_position', greatest(
  (select last_value from outbox.outbox_position), (select max(position) from outbox.outbox_log),
  (select max(position) from outbox.outbox_progress)))`;
