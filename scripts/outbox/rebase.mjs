// npm run outbox -- rebase: run it after a restore from a dump, as the owner of the schema, with api and worker stopped.
import { rebaseOutbox } from '@pikaia/events';
import { databaseUrl } from './database-url.mjs';

export async function run() {
  const { sinks, events } = await rebaseOutbox(databaseUrl('owner'));
  if (sinks.length)
    console.log(`Rebased ${sinks.join(', ')}: ${events} events have new transaction IDs. You can start api and worker.`);
  else console.log('All cursors belong to this cluster: there is nothing to do.');
}
