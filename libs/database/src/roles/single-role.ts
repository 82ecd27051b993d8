import { isProduction, PikaiaError } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';

const logger = getLogger('database');

export const SINGLE_ROLE =
  'One database role runs the migrations and the processes, so neither append-only tables nor row-level security protect the audit log from the application.';
export const SINGLE_ROLE_CURE =
  'Before production, create the roles: remove roles: "single" from DatabaseModule, migrate() and the migrations.';
const HINT = `${SINGLE_ROLE} ${SINGLE_ROLE_CURE}`;

/**
 * Logs that the application runs with one database role. In production `acceptedInProduction` has to allow it.
 *
 * @throws PikaiaError `PIKAIA_DATABASE_SINGLE_ROLE`.
 */
export function reportSingleRole(acceptedInProduction: boolean): void {
  if (isProduction() && !acceptedInProduction) {
    throw new PikaiaError(
      'PIKAIA_DATABASE_SINGLE_ROLE',
      `${HINT} To accept this in production, set singleRoleInProduction: true.`,
    );
  }
  logger.warning('database_single_role', { hint: HINT });
}
