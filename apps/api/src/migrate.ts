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
 * The task that a deployment runs, and waits for, before the new processes start: as the owner. Old processes go on
 * beside it. It may run again at any time; exit status 0 means that the schema is up to date.
 */
handleProcessFaults();
await context
  .run({}, async () => {
    const [database, logging, { passwords }] = loadSettings(
      [DatabaseSettings, LoggingSettings, MigrationSettings] as const,
      process.env,
    );
    configureLogging({ ...loggingOptions(logging), service: 'pikaia-migration' });
    const { createdRoles, applied } = await migrateSchema(database.databaseUrl, passwords, { renewPasswords: true });
    getLogger('migration').info('database_migrated', { migrations: applied, roles: createdRoles });
  })
  .catch(logStartupFailure);
