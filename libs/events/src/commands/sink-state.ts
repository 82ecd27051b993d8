import type { ClientBase } from 'pg';

// Index: primary key. Only the holder of the sink's lock changes the state.
const SET_STATE = 'update outbox.outbox_sink set state = $2 where name = $1';

/** Pauses a sink. Its leader stays, but reads and sends nothing. */
export const markPaused = (client: ClientBase, sink: string): Promise<unknown> => client.query(SET_STATE, [sink, 'paused']);

/** Resumes a sink from its cursor. */
export const markActive = (client: ClientBase, sink: string): Promise<unknown> => client.query(SET_STATE, [sink, 'active']);

// Closes the open commands and replays of a retired sink. Index: outbox_command_open and outbox_replay_open.
const CLOSE_COMMANDS = `
update outbox.outbox_command set done_at = clock_timestamp(), answer = '{"outcome": "refused", "reason": "The sink was retired."}'
where sink = $1 and done_at is null and command <> 'retire'`;
const CLOSE_REPLAYS = 'update outbox.outbox_replay set done_at = clock_timestamp() where sink = $1 and done_at is null';

/**
 * Retires a sink permanently. The sink no longer counts for the status of an event, and no slot of the log is kept for it. Call
 * it inside a transaction.
 */
export async function markRetired(client: ClientBase, sink: string): Promise<void> {
  await client.query(SET_STATE, [sink, 'retired']);
  await client.query(CLOSE_COMMANDS, [sink]);
  await client.query(CLOSE_REPLAYS, [sink]);
}
