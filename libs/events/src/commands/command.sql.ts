/**
 * What the leader still has to do, oldest first; a replay that has begun is not asked for again. Through
 * outbox_command_open; $1 sink, $2 most.
 */
export const OPEN_COMMANDS = `
select id, command, arguments, organization_id, asked_by, correlation_id from outbox.outbox_command c
where sink = $1 and done_at is null
  and not exists (select from outbox.outbox_replay r where r.id = c.id and r.sink = c.sink)
order by asked_at, id limit $2`;

/** By primary key; $1 command, $2 sink, $3 answer. In the transaction of what was done. */
export const ANSWER_COMMAND = `
update outbox.outbox_command set done_at = clock_timestamp(), answer = $3::jsonb where id = $1 and sink = $2 and done_at is null`;
