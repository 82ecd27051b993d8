import { migrateSchema } from '../../apps/api/dist/database/schema.js';
import { seed } from '../../apps/api/dist/database/seed.js';

/** Migrates the database and adds missing demo data. Import this module after the build. */
export async function prepareSchema(ownerUrl, passwords) {
  const { applied } = await migrateSchema(ownerUrl, passwords);
  await seed(ownerUrl);
  return applied;
}
