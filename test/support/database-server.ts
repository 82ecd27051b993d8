import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrateSchema } from '../../apps/api/src/database/schema.js';
import { startPostgres, type PostgresServer } from '../../scripts/postgres.ts';
import type { TestDatabase } from './database.js';

export interface TestDatabaseServer extends TestDatabase {
  readonly server: PostgresServer;
  readonly settings: readonly string[];
}

/** Starts a separate server with a migrated database, for tests that stop the server. Commits survive a crash of PostgreSQL. */
export async function startDatabaseServer(extraSettings: readonly string[] = []): Promise<TestDatabaseServer> {
  const directory = mkdtempSync(join(tmpdir(), 'pikaia-server-'));
  chmodSync(directory, 0o711);
  const settings = ['fsync=off', ...extraSettings]; // a crash of PostgreSQL alone loses nothing without fsync
  const server = await startPostgres(join(directory, 'data'), { settings });
  const passwords = { api: 'api', worker: 'worker' };
  await migrateSchema(server.url, passwords);
  const as = (user: string, password: string): string => Object.assign(new URL(server.url), { username: user, password }).href;
  return {
    server,
    settings,
    ownerUrl: server.url,
    apiUrl: as('pikaia_api', passwords.api),
    workerUrl: as('pikaia_worker', passwords.worker),
    drop: async () => {
      await server.stop();
      rmSync(directory, { recursive: true, force: true }); // only the folder from mkdtemp
    },
  };
}
