// npm run outbox -- rebase: after a restore from a dump; as the owner, with api and worker stopped.
import { rebaseOutbox } from '@pikaia/events';
import { databaseUrl } from './database-url.mjs';

export async function run() {
  const { sinks, events } = await rebaseOutbox(databaseUrl('owner'));
  if (sinks.length) console.log(`Rebased ${sinks.join(', ')}: ${events} events have new transaction ids. Start api and worker.`);
  else console.log('Every cursor was written in this cluster: there is nothing to do.');
}
