/**
 * Lists the open commands of a sink, oldest first, without replays that have already started. Index: outbox_command_open. $1
 * sink, $2 maximum number.
 */
export const OPEN_COMMANDS = `
select id, command, arguments, organization_id, asked_by, correlation_id from outbox.outbox_command c
where sink = $1 and done_at is null
  and not exists (select from outbox.outbox_replay r where r.id = c.id and r.sink = c.sink)
order by asked_at, id limit $2`;

/** Stores the answer of a command, in the transaction that executes it. Index: primary key. $1 command, $2 sink, $3 answer. */
export const ANSWER_COMMAND = `
update outbox.outbox_command set done_at = clock_timestamp(), answer = $3::jsonb where id = $1 and sink = $2 and done_at is null`;
