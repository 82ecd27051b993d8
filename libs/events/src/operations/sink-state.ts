import type { ClientBase } from 'pg';

export type SinkState = 'active' | 'paused' | 'retired';

// By primary key. Only whoever holds the sink's lock changes it.
const SET_STATE = 'update outbox.outbox_sink set state = $2 where name = $1';

/** The sink keeps its leader, which reads nothing and sends nothing. */
export const markPaused = (client: ClientBase, sink: string): Promise<unknown> => client.query(SET_STATE, [sink, 'paused']);

/** It goes on where it was. */
export const markActive = (client: ClientBase, sink: string): Promise<unknown> => client.query(SET_STATE, [sink, 'active']);

/** For good: it no longer counts for an event's status, and no slot is kept for it. */
export const markRetired = (client: ClientBase, sink: string): Promise<unknown> => client.query(SET_STATE, [sink, 'retired']);
