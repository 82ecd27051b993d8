import { context, SettingsError } from '@pikaia/core';
import { flushLogs, writeLine } from '../output/log-output.js';

/** Set by runService, which logs a failed start itself. The pino bridge then skips Nest's record of the same failure. */
export const startupFailure = { isLoggedByRunService: false };

/**
 * Writes `startup_failed` at CRITICAL with the error and its causes, then ends the process with exit code 1. For a
 * SettingsError, the field `problems` lists each setting that is missing or invalid.
 */
export function logStartupFailure(error: unknown): never {
  writeLine({
    level: 'critical',
    logger: 'process',
    event: 'startup_failed',
    scope: context.scope,
    fields: error instanceof SettingsError ? { problems: error.problems } : {},
    thrown: [error],
  });
  flushLogs();
  process.exit(1);
}
