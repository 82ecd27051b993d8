/**
 * A common table expression, `wanted`, with one row: the types that a sink has registered, in the snapshot of the statement, and
 * the highest start of a registration. `types` is null for a sink that receives every type. `sink` is a parameter, such as `$1`.
 */
export const wantedTypes = (sink: string): string => `
  wanted as materialized (
    select case when count(*) = 0 or bool_or(event_type = '*' and until_position is null) then null
        else coalesce(array_agg(event_type) filter (where until_position is null), '{}') end as types,
      coalesce(max(since_position), 0) as since
    from outbox.outbox_sink_type where sink = ${sink})`;

/**
 * Registers the types of a sink that are not registered. The first types of a sink start with the sink. Later types start with
 * this statement, until CONFIRM_TYPES moves their start. Index: outbox_sink_type_open. $1 sink, $2 types, $3 worker.
 */
export const REGISTER_TYPES = `
insert into outbox.outbox_sink_type (sink, event_type, since_position, since_snapshot, confirmed, worker)
select $1, type, start.position, start.snapshot, start.first, $3
from unnest($2::text[]) as t(type), lateral (
  select p.position, p.snapshot, true as first from outbox.outbox_progress p
  where p.sink = $1 and p.number = 0 and not exists (select from outbox.outbox_sink_type where sink = $1)
  union all
  select coalesce((select position from outbox.outbox_log order by position desc limit 1), 0), pg_current_snapshot(), false
  where exists (select from outbox.outbox_sink_type where sink = $1)) start
on conflict (sink, event_type) where until_position is null do nothing`;

/**
 * Moves the start of new types to this statement. Every read that can see a later event sees the committed registration. $1 sink.
 */
export const CONFIRM_TYPES = `
update outbox.outbox_sink_type set confirmed = true, since_snapshot = pg_current_snapshot(), txid = pg_current_xact_id(),
  since_position = coalesce((select position from outbox.outbox_log order by position desc limit 1), 0)
where sink = $1 and not confirmed`;

/** Lists the registered types of a sink that are not in $2. $1 sink. */
export const OTHER_TYPES = `
select event_type from outbox.outbox_sink_type
where sink = $1 and until_position is null and event_type <> all ($2::text[]) order by event_type`;

/**
 * Drops a type at the cursor that is stored in the same transaction. Returns no row if it is not registered. $1 sink, $2 type,
 * $3 position, $4 snapshot.
 */
export const DROP_TYPE = `
update outbox.outbox_sink_type set until_position = $3, until_snapshot = $4, txid = pg_current_xact_id()
where sink = $1 and event_type = $2 and until_position is null`;

/** Is a type registered, and how many deliveries of it are open? $1 sink, $2 type. Index: outbox_delivery_open. */
export const FIND_TYPE = `
select exists (select from outbox.outbox_sink_type where sink = $1 and event_type = $2 and until_position is null) as registered,
  (select count(*)::int from outbox.outbox_delivery
    where sink = $1 and event_type = $2 and status in ('retrying', 'waiting', 'failed')) as open`;

/** Condition on a delivery: its event waits for a worker that handles its type and version. `textOf` writes the error. */
export const waitsForWorker = (table: string): string =>
  `${table}.last_error ~ '^PikaiaError PIKAIA_EVENT_(TYPE_UNHANDLED|VERSION_UNKNOWN):'`;

/**
 * Makes deliveries due that waited for a newer worker: their type or version may be known to this leader. Runs at the start of a
 * term. $1 sink, $2 now. Index: outbox_delivery_due.
 */
export const RETRY_WAITING_FOR_WORKER = `
update outbox.outbox_delivery d set next_attempt_at = $2
where sink = $1 and status = 'retrying' and next_attempt_at > $2 and ${waitsForWorker('d')}`;

/**
 * Makes all retries due. Runs at the start of a term. The minute is more than the estimated clock of the database can go back. $1 sink,
 * $2 now. Index: outbox_delivery_due.
 */
export const RETRY_ALL = `
update outbox.outbox_delivery set next_attempt_at = $2::timestamptz - interval '1 minute'
where sink = $1 and status = 'retrying' and next_attempt_at > $2::timestamptz - interval '1 minute'`;

/**
 * Skips the open deliveries of dropped types. Runs at the start of a term, before the leader loads the deliveries. $1 sink.
 * Index: outbox_delivery_aggregate.
 */
export const SKIP_DROPPED = `
update outbox.outbox_delivery d set status = 'skipped', next_attempt_at = null, updated_at = clock_timestamp()
where d.sink = $1 and d.status in ('retrying', 'waiting', 'failed')
  and exists (select from outbox.outbox_sink_type t where t.sink = $1)
  and not exists (select from outbox.outbox_sink_type t
    where t.sink = $1 and t.until_position is null and t.event_type in (d.event_type, '*'))`;
