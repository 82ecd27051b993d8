import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../../scripts/postgres.ts';
import { migrateSchema } from '../../../apps/api/dist/database/schema.js';
import { executeSql, ROLE_PASSWORDS } from '../database/database.ts';
import { migrateLibraries } from '../database/library-schema.ts';

/**
 * Starts one PostgreSQL server for the whole run, with two migrated templates that the suites copy: `pikaia_libraries` has only
 * the schemas of the libraries (../database/database.ts), `pikaia_api` that of the api (../system/api-database.ts).
 * PIKAIA_TEST_SERVER, the connection string of a superuser, selects another server. It must not contain Pikaia databases or roles.
 */
export default async function setUp() {
  process.env.LOG_LEVEL ??= 'critical'; // tests assert log lines and do not print them
  process.env.PIKAIA_TEST_SERVER ||= await startServer();
  await Promise.all([createTemplate('pikaia_libraries', migrateLibraries), createTemplate('pikaia_api', migrateSchema)]);
}

async function createTemplate(name, migrate) {
  const server = process.env.PIKAIA_TEST_SERVER;
  await executeSql(server, `create database ${name}`);
  await migrate(Object.assign(new URL(server), { pathname: `/${name}` }).href, ROLE_PASSWORDS);
}

async function startServer() {
  const directory = mkdtempSync(join(tmpdir(), 'pikaia-test-'));
  chmodSync(directory, 0o711);
  const server = await startPostgres(join(directory, 'data'), {
    settings: ['max_connections=300', 'max_prepared_transactions=20', 'fsync=off', 'synchronous_commit=off'],
  });
  globalThis.pikaiaTestServer = { server, folder: directory };
  return server.url;
}
