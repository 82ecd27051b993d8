import type { ClientConfig, Pool } from 'pg';

/** Where the database is: a connection string, or options of `pg`. A password can be a function, which is called for each connection. */
export type DatabaseAddress =
  string | Pick<ClientConfig, 'connectionString' | 'host' | 'port' | 'user' | 'password' | 'database' | 'ssl' | 'options'>;

/** Returns the options of a client that connects to the address. */
export const connectionTo = (address: DatabaseAddress): Exclude<DatabaseAddress, string> =>
  typeof address === 'string' ? { connectionString: address } : address;

/** Returns the address to which a pool connects. */
export function addressOf({ options }: Pool): DatabaseAddress {
  const names = ['connectionString', 'host', 'port', 'user', 'password', 'database', 'ssl', 'options'] as const;
  const given = options as Exclude<DatabaseAddress, string>; // the pool hides the password from Object.entries
  return Object.fromEntries(names.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])));
}
