import { context, loadSettings } from '@pikaia/core';
import { DatabaseSettings } from '@pikaia/database';
import {
  configureLogging,
  getLogger,
  handleProcessFaults,
  loggingOptions,
  LoggingSettings,
  logStartupFailure,
} from '@pikaia/logging';
import { MigrationSettings } from './database/migration.settings.js';
import { migrateSchema } from './database/schema.js';

/**
 * The migration task. A deployment runs it as the database owner and waits for it before the new processes start. Old processes
 * continue during the migration. It is safe to run again. Exit status 0 means that the schema is up to date.
 */
handleProcessFaults();
await context
  .run({}, async () => {
    const [database, logging, { passwords }] = loadSettings([DatabaseSettings, LoggingSettings, MigrationSettings], process.env);
    configureLogging({ ...loggingOptions(logging), service: 'pikaia-migration' });
    const { createdRoles, applied } = await migrateSchema(database.databaseUrl, passwords, {
      renewPasswords: true,
      // The default replaces no limit that an operator has set on a role.
      statementTimeoutMs: process.env['DATABASE_STATEMENT_TIMEOUT_MS']?.trim() ? database.databaseStatementTimeoutMs : undefined,
    });
    getLogger('migration').info('database_migrated', { migrations: applied, roles: createdRoles });
  })
  .catch(logStartupFailure);
