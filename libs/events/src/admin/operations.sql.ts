/**
 * Inserts a row for each sink and notifies the leaders at the commit. Commands are rare enough for a notification inside the
 * transaction. $1 id, $2 sinks, $3 command, $4 arguments, $5 organization or null, $6 actor, $7 correlation id, $8 channel,
 * $9 message.
 */
export const INSERT_COMMANDS = `
with asked as (
  insert into outbox.outbox_command (id, sink, command, arguments, organization_id, asked_by, correlation_id)
  select $1, sink, $3, $4, $5, $6, $7 from unnest($2::text[]) as s(sink))
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

/** Lists the newest commands. Index: outbox_command_asked, backwards. $1 maximum number, $2 organization or null. */
export const LIST_COMMANDS = `
select id::text from (
  select id, asked_at, sink from outbox.outbox_command where $2::text is null or organization_id = $2
  order by asked_at desc limit $1 * (select count(*) from outbox.outbox_sink)) newest
group by id order by max(asked_at) desc limit $1`;

/**
 * Reads commands with the answer of each sink and the progress of replays. Index: primary key. $1 ids, $2 organization or null.
 */
export const FIND_COMMANDS = `
select c.id, c.sink, c.command, c.arguments, c.organization_id, c.asked_by, c.asked_at, c.done_at, c.answer,
  case when r.id is not null then json_build_object('matched', r.matched, 'sent', r.sent, 'skipped', r.skipped,
    'dead_letters', r.revived, 'failed', r.failed, 'last_error', r.last_error) end as progress
from outbox.outbox_command c left join outbox.outbox_replay r on r.id = c.id and r.sink = c.sink
where c.id = any ($1::uuid[]) and ($2::text is null or c.organization_id = $2)
order by c.sink`;
