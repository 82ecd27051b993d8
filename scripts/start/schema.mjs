import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './folders.mjs';

const compiled = (file) => join(root, 'apps', 'api', 'dist', 'database', file);

/** Brings the database up to date and fills it with demo data, with the code that was just built. */
export async function prepareSchema(ownerUrl, passwords) {
  const { migrateSchema } = await import(pathToFileURL(compiled('schema.js')));
  const outcome = await migrateSchema(ownerUrl, passwords);
  if (existsSync(compiled('seed.js'))) await (await import(pathToFileURL(compiled('seed.js')))).seed(ownerUrl);
  return outcome;
}
