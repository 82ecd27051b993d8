import type { PikaiaError } from '@pikaia/core';
import { setImmediate } from 'node:timers/promises';
import type { DatabaseAddress } from '../client/database-address.js';
import type { DatabaseRoles } from '../roles/role-names.js';

/** The token of the data source whose transactions `@Transactional()` opens. The libraries use no other. */
export const DATA_SOURCE = Symbol('pikaia.data-source');

/** The token of `DatabaseAccess`. */
export const DATABASE_ACCESS = Symbol('pikaia.database-access');

/** The tokens under which DatabaseModule offers both to `DatabaseAccessModule`, which reports that they are missing. */
export const OPENED_DATA_SOURCE = Symbol('pikaia.opened-data-source');
export const OPENED_ACCESS = Symbol('pikaia.opened-access');

/** What the libraries need for separate connections, as DatabaseModule got it. */
export interface DatabaseAccess {
  readonly address: DatabaseAddress;
  readonly roles: DatabaseRoles;
}

/**
 * Throws after all pending errors. Nest 11 passes undefined for an optional provider that failed, and the error of this provider is the one
 * that the start has to report.
 */
export async function throwLast(error: PikaiaError): Promise<never> {
  await setImmediate();
  throw error;
}
