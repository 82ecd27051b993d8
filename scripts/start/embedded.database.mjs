import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { startPostgres } from '../postgres.mjs';
import { BackOff } from './back-off.mjs';
import { varDirectory } from './folders.mjs';

/** The development database in var/postgres; api and worker find it at the same port after a restart. */
export const startEmbedded = (secrets, say) =>
  startPostgres(join(varDirectory, 'postgres'), { password: secrets.databaseOwner, say });

/** Starts the server again whenever it dies; rejects when that does not succeed. */
export async function keepEmbeddedRunning(server, say, signal) {
  const backOff = new BackOff();
  for (;;) {
    const startedAt = Date.now();
    const lastWords = await server.died();
    const pause = backOff.next(Date.now() - startedAt);
    say(`PostgreSQL ended (${lastWords ?? 'without a word'}): starting it again in ${pause} ms`);
    await sleep(pause, undefined, { signal });
    await server.start();
    say('PostgreSQL is ready again');
  }
}
