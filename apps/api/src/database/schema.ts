import { auditMigrations } from '@pikaia/audit';
import { migrate, type RolePasswords } from '@pikaia/database';
import { outboxMigrations } from '@pikaia/events';
import { AddEmailKeys1764000005000, FillEmailKeys1764000005001 } from './email-keys.migration.js';
import { CreateOrganizations1764000003000 } from './example-tables.migration.js';

/** Everything that the system needs in its database; the number in a migration's name orders it. */
export const migrations = [
  ...outboxMigrations(),
  ...auditMigrations(),
  CreateOrganizations1764000003000,
  AddEmailKeys1764000005000,
  FillEmailKeys1764000005001,
];

/**
 * Brings the database up to date; `url` is the owner's. Passwords are set only on roles that are created here, unless they
 * are to be renewed.
 */
export const migrateSchema = (url: string, passwords?: RolePasswords, { renewPasswords = false } = {}) =>
  migrate({ url, migrations, passwords, renewPasswords });
