/**
 * Inserts a row for each sink and notifies the leaders at the commit. Commands are rare enough for a notification inside the
 * transaction. $1 id, $2 sinks, $3 command, $4 arguments, $5 organization or null, $6 actor, $7 correlation id, $8 channel,
 * $9 message, $10 reason or null, $11 the expected number of events at each sink, or empty.
 */
export const INSERT_COMMANDS = `
with asked as (
  insert into outbox.outbox_command (id, sink, command, arguments, organization_id, asked_by, correlation_id, reason, expected)
  select $1, sink, $3, $4, $5, $6, $7, $10, expected from unnest($2::text[], $11::int[]) as s(sink, expected))
select pg_notify($8, $9)`;

/** Lists one sink, or all sinks that are not observers, of which there are few. $1 name, or null for all. */
export const FIND_SINKS = `
select name, state from outbox.outbox_sink where case when $1::text is null then not observer else name = $1 end order by name`;

/**
 * Returns a row if the event exists, in the log or as a delivery that outlived its log row. Index: the event_id index of each
 * slot. $1 event, $2 organization or null.
 */
export const FIND_EVENT = `
select 1 from outbox.outbox_log where event_id = $1 and ($2::text is null or organization_id = $2)
union all
select 1 from outbox.outbox_delivery d join outbox.outbox_sink s on s.name = d.sink
where d.event_id = $1 and ($2::text is null or d.organization_id = $2)
limit 1`;

/** Lists the sinks at which an event is retrying, waiting or failed. Index: primary key. $1 event, $2 one sink, or null for all that
 * are not observers. */
export const FIND_BLOCKED_SINKS = `
select d.sink from outbox.outbox_sink s join outbox.outbox_delivery d on d.sink = s.name and d.event_id = $1
where s.state <> 'retired' and case when $2::text is null then not s.observer else s.name = $2 end and d.status in ('retrying', 'waiting', 'failed') order by d.sink`;

// One row for each command, with the answer of each sink and the progress of replays. $1 organization or null.
const withSinks = (commands: string): string => `
select c.id, c.asked_us, s.rows from (${commands}) c cross join lateral (
  select json_agg(s order by s.sink) as rows from (
    select r.id, r.sink, r.command, r.arguments, r.asked_by, r.asked_at, r.reason, r.correlation_id, r.done_at, r.answer, r.expected,
      case when p.id is not null then json_build_object('matched', p.matched, 'sent', p.sent, 'skipped', p.skipped,
        'dead_letters', p.revived, 'failed', p.failed, 'last_error', p.last_error, 'canceled', p.canceled, 'rate', p.rate, 'started_at', p.started_at,
        'elapsed_ms', (extract(epoch from clock_timestamp() - p.started_at) * 1000)::bigint,
        'start_position', p.start_position::text, 'position', p.position::text, 'end_position', p.end_position::text) end as progress
    from outbox.outbox_command r left join outbox.outbox_replay p on p.id = r.id and p.sink = r.sink
    where r.id = c.id and ($1::text is null or r.organization_id = $1)) s) s
where s.rows is not null
order by c.asked_us desc, c.id desc`;

// A command has one row for each sink. The row of its first sink has its place in the list.
const ASKED_US = `to_char(asked_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as asked_us`;

/**
 * Reads the newest commands before a place. Index: outbox_command_asked, backwards; primary key. Locks: none. $1 organization or
 * null, $2 maximum number, $3 and $4 the time and id of the place, or null, $5 command or null, $6 true: only open commands. Cost: reads
 * each kept command that is newer than the last one of the page.
 */
export const LIST_COMMANDS = withSinks(`
  select id, ${ASKED_US} from outbox.outbox_command c
  where ($1::text is null or organization_id = $1)
    and not exists (select from outbox.outbox_command o where o.id = c.id and o.sink < c.sink)
    and ($3::timestamptz is null or (asked_at, id) < ($3::timestamptz, $4::uuid))
    and ($5::text is null or command = $5)
    and (not $6::boolean or exists (select from outbox.outbox_command o where o.id = c.id and o.done_at is null))
  order by asked_at desc, id desc limit $2::int`);

/** Reads one command. Index: primary key. Locks: none. $1 organization or null, $2 id. */
export const FIND_COMMAND = withSinks(`
  select id, ${ASKED_US} from outbox.outbox_command where id = $2::uuid order by sink limit 1`);
