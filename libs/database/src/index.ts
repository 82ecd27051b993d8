export { Propagation, Transactional } from '@nestjs-cls/transactional';
export { exactTime } from './client/exact-dates.js';
export { connectionTo, type DatabaseAddress } from './client/database-address.js';
export { IsolatedClient } from './client/isolated.client.js';
export { isDirect, isRefusedByPooler } from './client/pooler.js';
export {
  comparePositions,
  LogReading,
  parseSnapshot,
  selectLateRows,
  type LogCursor,
  type LogReadParts,
} from './cursor/log.cursor.js';
export { DatabaseCheck } from './database.check.js';
export { DATA_SOURCE, DATABASE_ACCESS, type DatabaseAccess } from './data-source/database.access.js';
export {
  DatabaseModule,
  type DatabaseModuleOptions,
  type DataSourceName,
  type ExistingDataSourceOptions,
} from './database.module.js';
export { DatabaseSettings } from './database.settings.js';
export { databaseFault, type DatabaseFault } from './errors/database-fault.js';
export { migrate, type MigrateOptions } from './migration/migrate.js';
export { requireTables } from './migration/require-tables.js';
export { queryJsonPage, queryJsonRows, type JsonPage } from './query/json-rows.js';
export { preparedStatement } from './query/prepared-statements.js';
export { ensureRoles, type RolePasswords } from './roles/ensure-roles.js';
export { grantTables, type TableGrants } from './roles/grant-tables.js';
export { defaultRoles, roleNamesOf, type DatabaseRoles, type RoleNames } from './roles/role-names.js';
export { refusePowerfulRole } from './roles/role-power.js';
export { addCommitCheck, type CommitCheck, type WrittenRecord } from './transaction/commit-check.js';
export {
  isRunningTransaction,
  onlyInTransaction,
  queryRows,
  writeThroughExecutor,
  type ExecutorWrite,
  type SqlExecutor,
} from './transaction/executor.js';
export { TransactionAdapter } from './transaction/transaction.adapter.js';
export {
  abortTransaction,
  afterCommit,
  currentManager,
  inTransaction,
  outsideTransaction,
  readWithCommit,
  writeInTransaction,
  writeWithCommit,
} from './transaction/transaction.js';
