// npm run docs:schema: writes docs/schema.md from the catalog of a freshly migrated database on a separate server.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from './postgres.ts';
import { schemaDocument } from './schema/document.ts';
import { build } from './start/build.ts';
import { root } from './start/folders.ts';
import { describeError } from './start/plain-error.ts';

await build();
const { migrateSchema } = await import('../apps/api/dist/database/schema.js');

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
} catch (error) {
  console.error(await describeError(error));
  process.exitCode = 1;
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
