import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { startPostgres } from '../postgres.mjs';
import { BackOff } from './back-off.mjs';
import { varDirectory } from './folders.mjs';

/** Starts the development database in var/postgres. It keeps its port when it is restarted. */
export const startEmbedded = (secrets, print) =>
  startPostgres(join(varDirectory, 'postgres'), { password: secrets.databaseOwner, print });

/** Restarts the server whenever it dies. Rejects if a restart fails. */
export async function keepEmbeddedRunning(server, print, signal) {
  const backOff = new BackOff();
  for (;;) {
    const startedAt = Date.now();
    const lastLine = await server.died();
    const delayMs = backOff.nextDelayMs(Date.now() - startedAt);
    print(`PostgreSQL ended (${lastLine ?? 'no output'}): restarting it in ${delayMs} ms`);
    await sleep(delayMs, undefined, { signal });
    await server.start();
    print('PostgreSQL is ready again');
  }
}
