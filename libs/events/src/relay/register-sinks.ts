import { IsolatedClient } from '@pikaia/database';
import { CursorStore } from './cursor.store.js';
import { REGISTER } from './progress.sql.js';
import type { Sink } from './sink.js';

/**
 * Registers sinks that are new, each with its declared start, and checks the cursors of those that are not.
 *
 * @throws PikaiaError `PIKAIA_OUTBOX_RESTORED` when the database is a restored dump.
 */
export async function registerSinks(url: string, sinks: readonly Sink[], worker: string): Promise<void> {
  const client = new IsolatedClient({ connectionString: url, application_name: 'pikaia-register' });
  await client.connect();
  try {
    for (const { name, ordering, from } of sinks) {
      await client.query(REGISTER, [name, ordering, from === 'now', worker]);
      await new CursorStore(client, name, worker).load();
    }
  } finally {
    await client.end();
  }
}
