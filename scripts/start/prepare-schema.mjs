import { migrateSchema } from '../../apps/api/dist/database/schema.js';
import { seed } from '../../apps/api/dist/database/seed.js';

/** Brings the database up to date and adds the demo data that is missing. Imported after the build. */
export async function prepareSchema(ownerUrl, passwords) {
  const { applied } = await migrateSchema(ownerUrl, passwords);
  await seed(ownerUrl);
  return applied;
}
