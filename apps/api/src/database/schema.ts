import { migrate, type RolePasswords } from '@pikaia/database';
import { auditMigrations } from '@pikaia/audit';
import { outboxMigrations } from '@pikaia/events';

/** Everything that the system needs in its database, in the order in which it runs. */
export const migrations = [...outboxMigrations(), ...auditMigrations()];

/** Brings the database up to date; `url` is the owner's. Passwords are set only on roles that are created here. */
export const migrateSchema = (url: string, passwords?: RolePasswords) => migrate({ url, migrations, passwords });
