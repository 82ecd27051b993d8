import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../scripts/postgres.mjs';
import { migrateSchema } from '../../apps/api/dist/database/schema.js';

/** One PostgreSQL for the whole run, with a migrated template that each suite copies (test/support/database.ts). */
export default async function setUp() {
  const directory = mkdtempSync(join(tmpdir(), 'pikaia-test-'));
  chmodSync(directory, 0o711);
  const server = await startPostgres(join(directory, 'data'), {
    settings: ['max_connections=300', 'max_prepared_transactions=20', 'fsync=off', 'synchronous_commit=off'],
  });
  globalThis.pikaiaTestServer = { server, folder: directory };
  process.env.PIKAIA_TEST_SERVER = server.url;
  process.env.LOG_LEVEL ??= 'critical'; // what is logged is asserted where it matters, not printed
  const template = new URL(server.url);
  template.pathname = '/pikaia_template';
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query('create database pikaia_template');
  await client.end();
  await migrateSchema(template.href, { api: 'api', worker: 'worker' });
}
