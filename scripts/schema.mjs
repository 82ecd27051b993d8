// npm run docs:schema: writes docs/schema.md from the catalogue of a freshly migrated database on a separate server.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startPostgres } from './postgres.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], { cwd: root, stdio: 'inherit' });
const { migrateSchema } = await import('../apps/api/dist/database/schema.js');
const { schemaDocument } = await import('@pikaia/database');

const folder = mkdtempSync(join(tmpdir(), 'pikaia-schema-'));
chmodSync(folder, 0o711);
const server = await startPostgres(join(folder, 'data'), { settings: ['fsync=off'] });
try {
  await migrateSchema(server.url);
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  writeFileSync(join(root, 'docs/schema.md'), await schemaDocument(client));
  await client.end();
  console.log('Wrote docs/schema.md.');
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
