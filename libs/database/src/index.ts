export { Propagation, Transactional } from '@nestjs-cls/transactional';
export { DatabaseModule, type DatabaseModuleOptions } from './database.module.js';
export { DatabaseSettings } from './database.settings.js';
export { migrate, type MigrateOptions } from './migration/migrate.js';
export { ensureRoles, type RolePasswords } from './roles/ensure-roles.js';
export { defaultRoles, type RoleNames } from './roles/role-names.js';
export { refusePowerfulRole } from './roles/role-power.js';
export { TransactionAdapter } from './transaction/transaction.adapter.js';
export { afterCommit, currentManager, inTransaction, writeInTransaction } from './transaction/transaction.js';
