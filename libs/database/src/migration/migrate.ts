import { PikaiaError } from '@pikaia/core';
import { DataSource, type MixedList } from 'typeorm';
import { IsolatedClient } from '../client/isolated.client.js';
import { ensureRoles, type RolePasswords } from '../roles/ensure-roles.js';
import { defaultRoles, type RoleNames } from '../roles/role-names.js';

// One start at a time migrates a database; TypeORM takes no lock of its own. The number only has to be ours.
const MIGRATION_LOCK = 7_165_823_001;
const OLDEST_SERVER = 15;
const CONNECT_TIMEOUT_MS = 15_000; // a server may accept a connection and then say nothing

export interface MigrateOptions {
  /** The owner's connection string. */
  readonly url: string;
  /** They read values as an unchanged `pg` parses them, also where the process has replaced its type parsers. */
  readonly migrations: MixedList<Function>;
  readonly roles?: RoleNames;
  /** Set on the login roles that are created here; a role that exists keeps its password. */
  readonly passwords?: RolePasswords | undefined;
  /** Sets them on roles that exist too: where a secret store says what they are, and may say something new. */
  readonly renewPasswords?: boolean;
}

/**
 * Makes the roles that are missing and runs the migrations that are new, each in a transaction of its own. Starts at the
 * same time wait for each other. Answers what it did.
 *
 * @throws PikaiaError `PIKAIA_DATABASE_TOO_OLD` below PostgreSQL 15, `PIKAIA_DATABASE_OWNER_LACKS_RIGHTS`.
 */
export async function migrate(options: MigrateOptions): Promise<{ createdRoles: string[]; applied: string[] }> {
  const lock = new IsolatedClient({
    connectionString: options.url,
    application_name: 'pikaia-migrate',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  await lock.connect();
  try {
    const version = Number(
      (await lock.query<{ server_version_num: string }>('show server_version_num')).rows[0]!.server_version_num,
    );
    if (version < OLDEST_SERVER * 10_000) {
      throw new PikaiaError(
        'PIKAIA_DATABASE_TOO_OLD',
        `PostgreSQL ${OLDEST_SERVER} or newer is needed; this server is ${Math.floor(version / 10_000)}.`,
      );
    }
    await lock.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const createdRoles = await ensureRoles(lock, options.roles ?? defaultRoles, options.passwords, options.renewPasswords);
    const source = await new DataSource({
      type: 'postgres',
      url: options.url,
      migrations: options.migrations,
      migrationsTransactionMode: 'each',
      connectTimeoutMS: CONNECT_TIMEOUT_MS,
      extra: { max: 1, Client: IsolatedClient },
    }).initialize();
    try {
      return { createdRoles, applied: (await source.runMigrations()).map(({ name }) => name) };
    } finally {
      await source.destroy();
    }
  } finally {
    await lock.end(); // releases the lock
  }
}
