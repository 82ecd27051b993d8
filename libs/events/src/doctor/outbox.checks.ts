import { checkWriters, type Check, type LibraryChecks } from '@pikaia/database/doctor';
import { REQUIRED_TABLES } from '../log/required-tables.js';
import { outboxMigrations } from '../migrations/index.js';
import { WRITTEN_COLUMNS } from '../record/publish.sql.js';
import { busCheck } from './bus.check.js';
import { consumersCheck, sinksCheck } from './sinks.checks.js';

const grantsCheck: Check = {
  name: 'outbox-grants',
  run: (context) =>
    checkWriters(context, {
      schema: 'outbox',
      inserts: { 'outbox.outbox_log': WRITTEN_COLUMNS },
      selects: ['log', 'sink', 'progress', 'delivery', 'command', 'replay'].map((name) => `outbox.outbox_${name}`),
      sequences: ['outbox.outbox_position'],
    }),
};

/** The part of the outbox in `pikaia-doctor` of @pikaia/database. */
export const outboxChecks = (): LibraryChecks => ({
  library: '@pikaia/events',
  schema: 'outbox',
  migrations: 'outboxMigrations()',
  migrationNames: outboxMigrations().map(({ name }) => name),
  requiredTables: REQUIRED_TABLES,
  checks: [grantsCheck, sinksCheck, consumersCheck, busCheck],
});
