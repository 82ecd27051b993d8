import { IsolatedClient } from '@pikaia/database';
import { CursorStore } from './cursor.store.js';
import { REGISTER } from './progress.sql.js';
import { endClient } from './end-client.js';

const LIMIT_MS = 15_000; // of connecting and of each statement; a start that fails says why

/** What the log knows of a sink. */
export interface SinkRegistration {
  /** Stable: cursor and deliveries are kept under it. */
  readonly name: string;
  /** Where the sink starts when it is registered for the first time: with the oldest event kept, or with the next one. */
  readonly from: 'beginning' | 'now';
  /** `aggregate`: never two events of one aggregate in flight, and a refused event holds back those that follow. */
  readonly ordering: 'aggregate' | 'none';
}

/**
 * Registers sinks that are new, each with its declared start, and checks the cursors of those that are not.
 *
 * @throws PikaiaError `PIKAIA_OUTBOX_RESTORED` when the database is a restored dump.
 */
export async function registerSinks(url: string, sinks: readonly SinkRegistration[], worker: string): Promise<void> {
  const client = new IsolatedClient({
    connectionString: url,
    application_name: 'pikaia-register',
    connectionTimeoutMillis: LIMIT_MS,
    query_timeout: LIMIT_MS,
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
