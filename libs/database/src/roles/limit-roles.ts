import { setTimeout as delay } from 'node:timers/promises';
import { getLogger } from '@pikaia/logging';
import pg, { type ClientBase } from 'pg';
import { DEFAULT_TYPES } from '../client/default-types.js';
import type { RoleNames } from './role-names.js';

const logger = getLogger('database');
const DEFAULT_STATEMENT_TIMEOUT_MS = 15_000; // the default of DATABASE_STATEMENT_TIMEOUT_MS
const WORKER_STATEMENT_TIMEOUT_MS = 15 * 60_000; // housekeeping empties a slot of the log in one statement
const INSUFFICIENT_PRIVILEGE = '42501';
const CONCURRENT_UPDATE = /tuple concurrently updated/;
const RETRY_DELAY_MS = 50;

// Index: pg_authid by name. Locks: none. $1: the role.
const ROLE_SETTINGS = `select coalesce(rolconfig, '{}') as settings from pg_roles where rolname = $1`;

/**
 * Sets the limits of the login roles, which apply to every session of the role, also behind a pooler. A role keeps a limit that
 * it has, unless `statementTimeoutMs` is given. If the owner may not alter a role, this is logged.
 */
export async function limitRoles(client: ClientBase, roles: RoleNames, statementTimeoutMs?: number): Promise<void> {
  const timeoutMs = statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS;
  const replaces = statementTimeoutMs !== undefined;
  await limitRole(client, roles.api, 'statement_timeout', timeoutMs, replaces);
  await limitRole(client, roles.worker, 'statement_timeout', WORKER_STATEMENT_TIMEOUT_MS, false);
  for (const role of [roles.api, roles.worker])
    await limitRole(client, role, 'idle_in_transaction_session_timeout', 2 * timeoutMs, replaces);
}

async function limitRole(client: ClientBase, role: string, setting: string, timeoutMs: number, replaces: boolean): Promise<void> {
  const { rows } = await client.query<{ settings: string[] }>({ text: ROLE_SETTINGS, values: [role], types: DEFAULT_TYPES });
  const given = rows[0]!.settings.find((text) => text.startsWith(`${setting}=`));
  if (given === `${setting}=${timeoutMs}` || (given !== undefined && !replaces)) return;
  try {
    await client.query(`alter role ${pg.escapeIdentifier(role)} set ${setting} = ${Number(timeoutMs)}`);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === INSUFFICIENT_PRIVILEGE) {
      logger.warning('database_role_not_limited', { role, setting, timeout_ms: timeoutMs });
    } else if (CONCURRENT_UPDATE.test(message)) {
      await delay(RETRY_DELAY_MS); // a migration of another database in the cluster alters the same role
      await limitRole(client, role, setting, timeoutMs, replaces);
    } else throw error;
  }
}
