import { setTimeout as delay } from 'node:timers/promises';
import { PikaiaError } from '@pikaia/core';
import type { Client } from 'pg';
import { DataSource, type MixedList } from 'typeorm';
import { IsolatedClient } from '../client/isolated.client.js';
import { isDirect } from '../client/pooler.js';
import { ensureRoles, type RolePasswords } from '../roles/ensure-roles.js';
import { requireRights } from '../roles/require-rights.js';
import { limitReader, limitRoles } from '../roles/limit-roles.js';
import { defaultRoles, type DatabaseRoles } from '../roles/role-names.js';

// Advisory lock that lets one process at a time migrate a database. TypeORM takes no lock. The number is arbitrary.
const MIGRATION_LOCK = 7_165_823_001;
const LOCK_POLL_INTERVAL_MS = 100;
export const MIN_SERVER_VERSION = 15;
const CONNECT_TIMEOUT_MS = 15_000; // a server can accept a connection and then send nothing

export interface MigrateOptions {
  /** The connection string of the owner. */
  readonly url: string;
  /** The migrations. They receive values from the default type parsers of `pg`, even if the process has replaced parsers. */
  readonly migrations: MixedList<Function>;
  /** Default: `pikaia_*`. With `single`, the owner also runs the processes, and no role is created. */
  readonly roles?: DatabaseRoles;
  /** Passwords of the login roles that this call creates. An existing role keeps its password. */
  readonly passwords?: RolePasswords | undefined;
  /** True to set the passwords on existing roles too. Use it if the passwords come from a secret store that can rotate them. */
  readonly renewPasswords?: boolean;
  /**
   * Milliseconds after which the server cancels a statement of the api's role; a transaction of the two login roles may be idle
   * twice as long. Default: 15000, for a role that has no limit. A given value replaces the limit of the role.
   */
  readonly statementTimeoutMs?: number | undefined;
}

/**
 * Creates missing roles and runs new migrations, each in its own transaction. Concurrent calls wait for each other.
 *
 * @returns the names of the created roles and of the applied migrations.
 * @throws PikaiaError `PIKAIA_DATABASE_POOLED` behind a pooler; `PIKAIA_DATABASE_TOO_OLD` below PostgreSQL 15;
 * `PIKAIA_DATABASE_OWNER_LACKS_RIGHTS` if the owner lacks a privilege; `PIKAIA_DATABASE_ROLES_FOREIGN` if it may not administer the roles.
 */
export async function migrate(options: MigrateOptions): Promise<{ createdRoles: string[]; applied: string[] }> {
  const lockClient = new IsolatedClient({
    connectionString: options.url,
    application_name: 'pikaia-migrate',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  await lockClient.connect();
  try {
    if (!(await isDirect(lockClient))) throw pooledError();
    const version = Number(
      (await lockClient.query<{ server_version_num: string }>('show server_version_num')).rows[0]!.server_version_num,
    );
    if (version < MIN_SERVER_VERSION * 10_000) {
      throw new PikaiaError(
        'PIKAIA_DATABASE_TOO_OLD',
        `PostgreSQL ${MIN_SERVER_VERSION} or newer is required; this server is version ${Math.floor(version / 10_000)}.`,
      );
    }
    await takeLock(lockClient);
    const createdRoles = await prepareRoles(lockClient, options);
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
    await lockClient.end(); // releases the lock
  }
}

async function prepareRoles(
  client: Client,
  { roles = defaultRoles, passwords, renewPasswords, statementTimeoutMs }: MigrateOptions,
): Promise<string[]> {
  if (roles === 'single') {
    await requireRights(client, roles);
    return [];
  }
  const created = await ensureRoles(client, roles, passwords, renewPasswords);
  await limitRoles(client, roles, statementTimeoutMs);
  if (passwords?.reader !== undefined) await limitReader(client, roles);
  return created;
}

const pooledError = (): PikaiaError =>
  new PikaiaError(
    'PIKAIA_DATABASE_POOLED',
    'The migrations need a direct connection, but a pooler answered. Set DATABASE_URL of the migration to the address of the database server.',
  );

/** Polls for the lock. A statement that waits for it holds a snapshot, and `create index concurrently` would wait for that. */
async function takeLock(client: Client): Promise<void> {
  const isTaken = async (): Promise<boolean> => {
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [MIGRATION_LOCK]);
    return rows[0]!.locked;
  };
  while (!(await isTaken())) await delay(LOCK_POLL_INTERVAL_MS);
}
