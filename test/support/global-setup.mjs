import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from '../../scripts/postgres.ts';
import { migrateSchema } from '../../apps/api/dist/database/schema.js';

/**
 * Starts one PostgreSQL server for the whole run, with a migrated template that each suite copies (test/support/database.ts).
 * PIKAIA_TEST_SERVER, the connection string of a superuser, selects another server. It must not contain Pikaia databases or roles.
 */
export default async function setUp() {
  process.env.LOG_LEVEL ??= 'critical'; // tests assert log lines and do not print them
  process.env.PIKAIA_TEST_SERVER ||= await startServer();
  const template = new URL(process.env.PIKAIA_TEST_SERVER);
  template.pathname = '/pikaia_template';
  const client = new pg.Client({ connectionString: process.env.PIKAIA_TEST_SERVER });
  await client.connect();
  await client.query('create database pikaia_template');
  await client.end();
  await migrateSchema(template.href, { api: 'api', worker: 'worker' });
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
