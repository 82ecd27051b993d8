import { EVENT_COLUMNS, EVENT_RECORD } from './event.row.js';

/**
 * Registers a sink with its start, once. A second registration changes nothing. $1 name, $2 ordering, $3 true: start with the
 * next event, $4 worker, $5 observer. It is one autocommit statement: `now` means the newest position and the snapshot of this statement. The
 * start therefore does not cover an event that was inserted but not committed.
 */
export const REGISTER = `
with registered as (
  insert into outbox.outbox_sink (name, ordering, observer) values ($1, $2, $5) on conflict (name) do nothing returning name)
insert into outbox.outbox_progress (sink, number, position, snapshot, worker)
select name, 0, case when $3::boolean
    then coalesce((select position from outbox.outbox_log order by position desc limit 1), 0) else 0 end,
  pg_current_snapshot(), $4
from registered`;

/**
 * Reads the newest cursor of a sink, and whether it was written in this cluster. A logical restore gives the row another `xmin`.
 * The start is checked too: a restore in one transaction gives both rows the same `xmin`, so at most one can match by chance.
 * Index: primary key, two rows.
 */
export const LOAD_CURSOR = `
select p.number, p.position, p.snapshot::text, p.late_position, p.late_snapshot::text,
  p.xmin = p.txid::xid and start.xmin = start.txid::xid as written_here, s.failing_since, s.state, s.leader_failing_since
from outbox.outbox_progress p join outbox.outbox_sink s on s.name = p.sink
join outbox.outbox_progress start on start.sink = p.sink and start.number = 0
where p.sink = $1 order by p.number desc limit 1`;

/**
 * Stores a cursor together with the deliveries that changed since the last one. A worker that stores an existing number is no
 * longer the leader: the primary key rejects the whole statement. $1 sink, $2 number, $3 to $6 cursor, $7 worker, $8 new
 * deliveries, $9 changed deliveries, $10 failed attempts, $11 the number of accepted events. A payload that is too large to read
 * is copied from the log. Cost: inserts only; dead rows only for changed deliveries, which are few.
 */
export const STORE = `
with progress as (
  insert into outbox.outbox_progress (sink, number, position, snapshot, late_position, late_snapshot, worker, accepted)
  values ($1, $2, $3, $4::pg_snapshot, $5, $6::pg_snapshot, $7, $11)),
added as (
  insert into outbox.outbox_delivery (sink, ${EVENT_COLUMNS}, status, attempts, next_attempt_at, last_error, fingerprint, payload)
  select $1, ${EVENT_COLUMNS}, status, attempts, next_attempt_at, last_error, fingerprint,
    coalesce(payload::json, (select l.payload from outbox.outbox_log l where l.event_id = d.event_id limit 1))
  from json_to_recordset($8::json) as d(${EVENT_RECORD}, status text, attempts int, next_attempt_at timestamptz,
    last_error text, fingerprint text, payload text)
  on conflict (sink, event_id) do update set status = excluded.status, attempts = excluded.attempts,
    next_attempt_at = excluded.next_attempt_at, last_error = excluded.last_error, fingerprint = excluded.fingerprint,
    updated_at = excluded.updated_at),
changed as (
  update outbox.outbox_delivery d set status = c.status, attempts = c.attempts, next_attempt_at = c.next_attempt_at,
    last_error = c.last_error, fingerprint = c.fingerprint, updated_at = clock_timestamp()
  from json_to_recordset($9::json) as c(event_id uuid, status text, attempts int, next_attempt_at timestamptz,
    last_error text, fingerprint text)
  where d.sink = $1 and d.event_id = c.event_id),
attempted as (
  insert into outbox.outbox_attempt (sink, event_id, attempted_at, error, fingerprint)
  select $1, event_id, attempted_at, error, fingerprint
  from json_to_recordset($10::json) as a(event_id uuid, attempted_at timestamptz, error text, fingerprint text))
select pg_backend_pid() as backend`;

/**
 * Stores the leader of a sink for operators; only the advisory lock decides who leads. Index: primary key. $1 sink, $2 worker.
 */
export const MARK_LEADING = `
update outbox.outbox_sink set leader = $2, leading_since = clock_timestamp() where name = $1`;

/**
 * Stores since when the leaders of a sink fail, and which worker reports it. Index: primary key. $1 sink, $2 worker, $3 time or
 * null, $4 error or null.
 */
export const MARK_LEADER_FAILING = `
update outbox.outbox_sink set leader = $2, leader_failing_since = $3, leader_error = $4 where name = $1`;

/** Stores the state of the circuit breaker for operators and the next leader. $1 sink, $2 time or null, $3 error or null. */
export const MARK_FAILING = 'update outbox.outbox_sink set failing_since = $2, last_error = $3 where name = $1';
