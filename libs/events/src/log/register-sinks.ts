import { IsolatedClient } from '@pikaia/database';
import { CursorStore } from './cursor.store.js';
import { REGISTER } from './progress.sql.js';
import { endClient } from './end-client.js';

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
}

/**
 * Registers new sinks with their declared start, and checks the cursors of registered sinks.
 *
 * @throws PikaiaError `PIKAIA_OUTBOX_RESTORED` if the database was restored from a dump.
 */
export async function registerSinks(url: string, sinks: readonly SinkRegistration[], worker: string): Promise<void> {
  const client = new IsolatedClient({
    connectionString: url,
    application_name: 'pikaia-register',
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  client.on('error', () => undefined); // the query in flight is rejected with it
  await client.connect();
  try {
    for (const { name, ordering, from } of sinks) {
      await client.query(REGISTER, [name, ordering, from === 'now', worker]);
      await new CursorStore(client, name, worker).load();
    }
  } finally {
    await endClient(client);
  }
}
