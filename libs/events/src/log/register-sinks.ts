import { connectionTo, IsolatedClient, type DatabaseAddress } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import type { Client } from 'pg';
import { CursorStore } from './cursor.store.js';
import { REGISTER } from './progress.sql.js';
import { CONFIRM_TYPES, OTHER_TYPES, REGISTER_TYPES } from './sink-types.sql.js';
import { connectDirectly } from './direct-connection.js';
import { endClient } from './end-client.js';

const logger = getLogger('outbox');
const EVERY_TYPE = '*';
const TIMEOUT_MS = 15_000; // of the connection attempt and of each statement

/** The properties of a sink that the log stores. */
export interface SinkRegistration {
  /** Identifies the cursor and the deliveries of the sink. Do not change it. */
  readonly name: string;
  /** The start of a new sink: `beginning` is the oldest event in the log, `now` is the next event. */
  readonly from: 'beginning' | 'now';
  /**
   * `aggregate`: at most one event of an aggregate is in flight, and a refused event blocks the later events of its aggregate.
   */
  readonly ordering: 'aggregate' | 'none';
  /**
   * The event types that the sink receives; null for all. A type that is added later starts with the next event. A type that is
   * removed stays registered until an operator drops it: its events wait for a worker that handles them.
   */
  readonly types: readonly string[] | null;
  /**
   * True for a sink that only watches, such as `log`. No status of an event, metric, alarm, replay of all sinks or retention depends
   * on it. Default: false.
   */
  readonly observer?: boolean;
}

/**
 * Registers new sinks with their declared start, checks the cursors of registered sinks, and registers the types of each sink.
 *
 * @throws PikaiaError `PIKAIA_OUTBOX_RESTORED` if the database was restored from a dump; `PIKAIA_OUTBOX_POOLED` behind a pooler.
 */
export async function registerSinks(url: DatabaseAddress, sinks: readonly SinkRegistration[], worker: string): Promise<void> {
  const client = new IsolatedClient({
    ...connectionTo(url),
    application_name: 'pikaia-register',
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  client.on('error', () => undefined); // the query in flight is rejected with it
  try {
    await connectDirectly(client);
    for (const { name, ordering, from, types, observer = false } of sinks) {
      await client.query(REGISTER, [name, ordering, from === 'now', worker, observer]);
      await new CursorStore(client, name, worker).load();
      await registerTypes(client, name, types ?? [EVERY_TYPE], worker);
    }
  } finally {
    await endClient(client);
  }
}

/**
 * Registers types in two statements. Events that commit after the second one begins are read in snapshots that contain the first
 * one, so no leader can pass them as unwanted. The second one confirms the start of each new type.
 */
async function registerTypes(client: Client, sink: string, types: readonly string[], worker: string): Promise<void> {
  await client.query(REGISTER_TYPES, [sink, types, worker]);
  await client.query(CONFIRM_TYPES, [sink]);
  const { rows } = await client.query<{ event_type: string }>(OTHER_TYPES, [sink, types]);
  if (!rows.length) return;
  const event_types = rows.map(({ event_type }) => event_type);
  logger.warning('sink_types_unhandled', { sink, event_types });
}
