import { checkWriters, type Check, type LibraryChecks } from '@pikaia/database/doctor';
import { auditMigrations } from '../migrations/index.js';
import { REQUIRED_TABLES, WRITTEN_COLUMNS } from '../record/insert-record.sql.js';
import { appendOnlyCheck } from './append-only.check.js';

const grantsCheck: Check = {
  name: 'audit-grants',
  run: (context) =>
    checkWriters(context, {
      schema: 'audit',
      inserts: Object.fromEntries(Object.entries(WRITTEN_COLUMNS).map(([table, columns]) => [table, columns.split(', ')])),
      selects: Object.keys(WRITTEN_COLUMNS),
      sequences: [],
    }),
};

/** The part of the audit log in `pikaia-doctor` of @pikaia/database. */
export const auditChecks = (): LibraryChecks => ({
  library: '@pikaia/audit',
  schema: 'audit',
  migrations: 'auditMigrations()',
  migrationNames: auditMigrations().map(({ name }) => name),
  requiredTables: REQUIRED_TABLES,
  checks: [grantsCheck, appendOnlyCheck],
});
