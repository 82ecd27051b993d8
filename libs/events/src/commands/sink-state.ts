import type { ClientBase } from 'pg';

// By primary key. Only whoever holds the sink's lock changes it.
const SET_STATE = 'update outbox.outbox_sink set state = $2 where name = $1';

/** The sink keeps its leader, which reads nothing and sends nothing. */
export const markPaused = (client: ClientBase, sink: string): Promise<unknown> => client.query(SET_STATE, [sink, 'paused']);

/** It goes on where it was. */
export const markActive = (client: ClientBase, sink: string): Promise<unknown> => client.query(SET_STATE, [sink, 'active']);

// What else was asked of it can no longer be done. Through outbox_command_open and outbox_replay_open.
const CLOSE_COMMANDS = `
update outbox.outbox_command set done_at = clock_timestamp(), answer = '{"outcome": "refused", "reason": "The sink was retired."}'
where sink = $1 and done_at is null and command <> 'retire'`;
const CLOSE_REPLAYS = 'update outbox.outbox_replay set done_at = clock_timestamp() where sink = $1 and done_at is null';

/** For good: it no longer counts for an event's status, and no slot is kept for it. In a transaction. */
export async function markRetired(client: ClientBase, sink: string): Promise<void> {
  await client.query(SET_STATE, [sink, 'retired']);
  await client.query(CLOSE_COMMANDS, [sink]);
  await client.query(CLOSE_REPLAYS, [sink]);
}
