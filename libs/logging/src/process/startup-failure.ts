import { context, SettingsError } from '@pikaia/core';
import { flushLogs, writeLine } from '../output/log-output.js';

/** Whether somebody catches a failed start and logs it here, as runService does. */
export const startupFailure = { isLoggedByRunService: false };

/**
 * Writes the one line about a start that failed, `startup_failed` at CRITICAL, with its cause: each setting that is
 * missing or impossible, or what could not be reached. Then the process ends with exit code 1.
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
