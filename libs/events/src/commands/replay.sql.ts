import { EVENT_COLUMNS, eventColumns, readablePayload, selectEvent } from '../log/event.row.js';
import { wantedTypes } from '../log/sink-types.sql.js';

/** The ids that a filter names, as an expression of type uuid[]. */
const namedIds = (filter: string): string => `array(
      select (${filter}->>'event_id')::uuid where ${filter} ? 'event_id'
      union all select jsonb_array_elements_text(${filter}->'event_ids')::uuid)`;

/**
 * A common table expression, `range`, with one row: the positions that a replay reads, `low` exclusive and `high` inclusive. If the
 * filter names events or a correlation id, they are the range of their positions.
 */
const replayRange = (sink: string, filter: string, position: string): string => `
named as (
    select position from outbox.outbox_log where event_id = any (${namedIds(filter)})
    union all
    select position from outbox.outbox_delivery where sink = ${sink} and event_id = any (${namedIds(filter)})
    union all
    select position from outbox.outbox_log where correlation_id = (${filter}->>'correlation_id')::uuid
    union all
    select position from outbox.outbox_delivery where sink = ${sink} and correlation_id = (${filter}->>'correlation_id')::uuid),
  range as (
    select case when ${filter} ?| array['event_id', 'event_ids', 'correlation_id'] then coalesce(min(position) - 1, 0) else 0 end as low,
      least(${position}, case when ${filter} ?| array['event_id', 'event_ids', 'correlation_id'] then coalesce(max(position), 0) end) as high
    from named)`;

/**
 * Starts a replay of the events that a newly stored cursor covers. If the filter names events or a correlation id, the replay
 * reads only the range of their positions. $1 command, $2 sink, $3 filter, $4 dry run, $5 maximum number of events, $6 rate, $7
 * position and $8 snapshot of the cursor.
 *
 * Index: the event_id index of each slot and outbox_log_correlation_id for the log; the primary key for deliveries. Cost: a
 * correlation id reads every delivery of the sink.
 */
export const BEGIN_REPLAY = `
with ${replayRange('$2', '$3::jsonb', '$7::bigint')}
insert into outbox.outbox_replay (id, sink, filter, dry_run, most, rate, start_position, end_position, snapshot, position)
select $1, $2, $3, $4, $5, $6, low, high, $8::pg_snapshot, low from range`;

/**
 * Reads the positions that a replay would read, and the snapshot of the newest cursor. No row: the sink has no cursor. $1 sink, $2
 * filter. Index and cost: as in BEGIN_REPLAY. Locks: none.
 */
export const REPLAY_RANGE = `
with cursor as (select position, snapshot from outbox.outbox_progress where sink = $1 order by number desc limit 1),
${replayRange('$1', '$2::jsonb', '(select position from cursor)')}
select low::text, high::text, snapshot::text from range cross join cursor`;

/** Reads the oldest open replay of a sink. Index: outbox_replay_open. $1 sink. */
export const OPEN_REPLAY = `
select id, filter, dry_run, most, rate, start_position, end_position, snapshot::text, position, matched, sent, skipped, revived,
  failed, last_error, canceled
from outbox.outbox_replay where sink = $1 and done_at is null order by started_at, id limit 1`;

/** Finds an open replay of a sink. Index: primary key. Locks: none. $1 replay, $2 sink. */
export const FIND_OPEN_REPLAY = 'select 1 from outbox.outbox_replay where id = $1 and sink = $2 and done_at is null';

/** Marks a replay as canceled, so that also a later leader ends it. Index: primary key. $1 replay, $2 sink. */
export const CANCEL_REPLAY = 'update outbox.outbox_replay set canceled = true where id = $1 and sink = $2 and done_at is null';

/**
 * Stores the progress of a replay. Index: primary key. $1 replay, $2 sink, $3 position reached, $4 to $8 matched, sent, skipped,
 * revived, failed, $9 last error, $10 true: the replay is done.
 */
export const STORE_REPLAY = `
update outbox.outbox_replay set position = $3, matched = $4, sent = $5, skipped = $6, revived = $7, failed = $8,
  last_error = $9, done_at = case when $10 then clock_timestamp() end
where id = $1 and sink = $2`;

/**
 * Stores that a sink has handled events that it had passed, because their type was not registered then. Index: the event_id index
 * of each slot. $1 sink, $2 event ids.
 */
export const INSERT_HANDLED = `
insert into outbox.outbox_delivery (sink, ${EVENT_COLUMNS}, status, payload)
select $1, ${EVENT_COLUMNS}, 'published', payload from outbox.outbox_log where event_id = any ($2::uuid[])
on conflict (sink, event_id) do nothing`;

const MATCHES = `
  ((select types from wanted) is null or e.event_type = any ((select types from wanted)::text[]))
  and ($7::uuid[] is null or e.event_id = any ($7))
  and ($8::text is null or e.event_type = $8)
  and ($9::text is null or e.aggregate_type = $9)
  and ($10::text is null or e.aggregate_id = $10)
  and ($11::text is null or e.organization_id = $11)
  and ($12::uuid is null or e.correlation_id = $12)
  and ($13::timestamptz is null or e.occurred_at >= $13)
  and ($14::timestamptz is null or e.occurred_at < $14)
  and ($17::text is null or e.payload #>> '{actor,id}' = $17)`;

const IN_ORDER =
  'select * from outbox.outbox_log where position > $2::bigint and position <= $3::bigint order by position limit $5::int';
// Finds the named events by their ids, because the events between them can be many.
const NAMED_IN_ORDER = `
    select * from outbox.outbox_log where event_id = any ($7::uuid[]) and position > $2::bigint and position <= $3::bigint
    order by position limit $5::int`;
const END_OF_SLICE = 'select case when count(*) < $5 then $3 else max(position) end as scanned_to from slice';

// Matches no event of the log, but only dead letters.
const ONLY_DEAD = `($15::text is not distinct from 'failed' or $16::text is not null or $18::text is not null)`;

// Reads one slice of the log by position, so that a filter without matches causes no long statement. Excludes the events that the
// sink's start covers, because the sink never received them. Dead letters can outlive the log, so they come from their own table,
// up to the end of the slice.
// The column `new` is true for an event that the sink has never handled, because its type was registered later.
const due = (slice: string, scannedTo: string): string => `
with ${wantedTypes('$1')},
  slice as (${slice}),
  scanned as (${scannedTo}),
  due as (
    select ${eventColumns('e')}, e.size, e.payload, false as dead, null as last_error, null as fingerprint,
      d.sink is null and not outbox.wants($1, e.event_type, e.position, e.txid) as new
    from slice e left join outbox.outbox_delivery d on d.sink = $1 and d.event_id = e.event_id
      left join outbox.outbox_progress start on start.sink = $1 and start.number = 0
    where pg_visible_in_snapshot(e.txid, $4::pg_snapshot) and outbox.covers(start, e.position, e.txid) is not true
      and (d.sink is null or d.status in ('published', 'skipped'))
      and not ${ONLY_DEAD} and ${MATCHES}
      and ($15 is null or d.sink is not null or outbox.wants($1, e.event_type, e.position, e.txid))
    union all
    select ${eventColumns('e')}, octet_length(e.payload::text), e.payload, true, e.last_error, e.fingerprint, false
    from outbox.outbox_delivery e cross join scanned
    where e.sink = $1 and e.status = 'failed' and e.position > $2 and e.position <= scanned.scanned_to
      and $15 is distinct from 'published' and strpos(lower(coalesce(e.last_error, '')), lower(coalesce($16, ''))) > 0
      and ($18 is null or e.fingerprint = $18)
      and ${MATCHES})`;

const nextOf = (slice: string): string => `${due(slice, END_OF_SLICE)},
  bounded as (
    select *, coalesce(sum(size) over (order by position rows between unbounded preceding and 1 preceding), 0) as before
    from (select * from due order by position limit $6::int) first)
select ${selectEvent('size', `case when not dead then ${readablePayload('payload::text', 'size')} end`)},
  dead, last_error, fingerprint, new, scanned_to, (select count(*) from due)::int as total
from scanned left join bounded on before < $19::bigint order by position`;

/**
 * Reads the next events of a replay, by position. $1 sink, $2 position reached, $3 last position, $4 snapshot, $5 rows of the log
 * to read, $6 maximum events, $7 to $18 the filter, $19 maximum bytes (at least one event is returned).
 * Returns no payload for a dead letter or for an event that is too large to read.
 *
 * Index: outbox_log_position for the log; primary key and outbox_delivery_open for deliveries. Locks: none. Cost: 10 ms for a
 * slice of 2,000 rows.
 */
export const NEXT_OF_REPLAY = nextOf(IN_ORDER);

/** Reads the next events of a replay that names its events. Index: the event_id index of each slot. The rest: as in NEXT_OF_REPLAY. */
export const NEXT_OF_SELECTION = nextOf(NAMED_IN_ORDER);

/** Counts the events of a replay in one slice. Parameters as in NEXT_OF_REPLAY; $6 and $19 must be null. */
export const COUNT_OF_REPLAY = `${due(IN_ORDER, END_OF_SLICE)}
select scanned_to, (select count(*) from due)::int as total, (select count(*) from due where dead)::int as dead
from scanned where $6::int is null and $19::bigint is null`;

const WHOLE_RANGE = 'select $3::bigint as scanned_to';

const previewOf = (slice: string, isPartial: string): string => `${due(slice, WHOLE_RANGE)},
  counted as (select event_type, dead, new from due limit $6::int),
  by_type as (
    select event_type, count(*)::int as matched, count(*) filter (where dead)::int as dead_letters,
      count(*) filter (where new)::int as first_deliveries
    from counted group by event_type)
select coalesce((select json_agg(t order by t.event_type) from by_type t), '[]') as event_types, ${isPartial} as is_partial
where $5::int is not null`;

// The position of the first row that is not read, if there are more than $5 rows.
const BEYOND_NEWEST = `(
      select position from outbox.outbox_log where not ${ONLY_DEAD} and position > $2::bigint and position <= $3::bigint
        and ($19::smallint[] is null or slot = any ($19))
      order by position desc offset $5::int limit 1)`;

/**
 * Counts by type what a replay would send, at most $6 events. `is_partial` is true if the log has more than $5 rows in the range; only
 * the newest are read. Parameters as in NEXT_OF_REPLAY, but $19 the slots that contain the events, or null for all.
 *
 * Index: outbox_log_position within the slots; outbox_delivery_open for dead letters. Locks: none. Cost: 5 ms for 1,000 matching rows.
 */
export const PREVIEW_OF_REPLAY = previewOf(
  `
    select * from outbox.outbox_log where not ${ONLY_DEAD} and position <= $3::bigint
      and position > greatest($2::bigint, ${BEYOND_NEWEST}) and ($19::smallint[] is null or slot = any ($19))`,
  `${BEYOND_NEWEST} is not null`,
);

/** Counts what a replay that names its events would send. Index: the event_id index of each slot. The rest: as in PREVIEW_OF_REPLAY. */
export const PREVIEW_OF_SELECTION = previewOf(
  'select * from outbox.outbox_log where event_id = any ($7::uuid[]) and position > $2::bigint and position <= $3::bigint',
  '$19::smallint[] is not null and false',
);
