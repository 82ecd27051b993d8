import type { DatabaseAddress } from '../client/database-address.js';
import type { DatabaseRoles } from '../roles/role-names.js';

/** The token of the data source whose transactions `@Transactional()` opens. The libraries use no other. */
export const DATA_SOURCE = Symbol('pikaia.data-source');

/** The token of `DatabaseAccess`. */
export const DATABASE_ACCESS = Symbol('pikaia.database-access');

/** What the libraries need for separate connections, as DatabaseModule got it. */
export interface DatabaseAccess {
  readonly address: DatabaseAddress;
  readonly roles: DatabaseRoles;
}
