import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, type PostgresServer } from '../../../scripts/postgres.ts';
import { connectionStrings, ROLE_PASSWORDS, type TestDatabase } from './database.js';
import { migrateLibraries } from './library-schema.js';

export interface TestDatabaseServer extends TestDatabase {
  readonly server: PostgresServer;
  readonly settings: readonly string[];
}

interface ServerOptions {
  readonly extraSettings?: readonly string[];
  /** Creates the schema. By default the database has the schemas of the libraries. */
  readonly migrate?: typeof migrateLibraries;
}

/** Starts a separate server with a migrated database, for tests that stop the server. Commits survive a crash of PostgreSQL. */
export async function startDatabaseServer({
  extraSettings = [],
  migrate = migrateLibraries,
}: ServerOptions = {}): Promise<TestDatabaseServer> {
  const directory = mkdtempSync(join(tmpdir(), 'pikaia-server-'));
  chmodSync(directory, 0o711);
  const settings = ['fsync=off', ...extraSettings]; // a crash of PostgreSQL alone loses nothing without fsync
  const server = await startPostgres(join(directory, 'data'), { settings });
  await migrate(server.url, ROLE_PASSWORDS);
  return {
    server,
    settings,
    ...connectionStrings(server.url),
    drop: async () => {
      await server.stop();
      rmSync(directory, { recursive: true, force: true }); // only the folder from mkdtemp
    },
  };
}
