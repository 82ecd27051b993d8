import { auditMigrations } from '@pikaia/audit';
import { migrate, type RolePasswords } from '@pikaia/database';
import { outboxMigrations } from '@pikaia/events';

/** Creates the schemas of the libraries, without the tables of the example. The set-up of a test run loads this file unbuilt. */
export const migrateLibraries = (url: string, passwords: RolePasswords) =>
  migrate({ url, migrations: [...outboxMigrations(), ...auditMigrations()], passwords });
