import { getLogger } from '@pikaia/logging';
import pg, { type ClientBase } from 'pg';
import { DEFAULT_TYPES } from '../client/default-types.js';
import { changeRole } from './change-role.js';
import { readerOf, type RoleNames } from './role-names.js';

const logger = getLogger('database');
const DEFAULT_STATEMENT_TIMEOUT_MS = 15_000; // the default of DATABASE_STATEMENT_TIMEOUT_MS
const WORKER_STATEMENT_TIMEOUT_MS = 15 * 60_000; // housekeeping empties a slot of the log in one statement
const READER_SETTINGS = [
  ['default_transaction_read_only', 'on'],
  ['statement_timeout', '60000'],
  ['idle_in_transaction_session_timeout', '60000'], // an open transaction delays housekeeping
  ['log_statement', 'all'],
] as const;
const INSUFFICIENT_PRIVILEGE = '42501';

// Index: pg_authid by name. Locks: none. $1: the role.
const ROLE_SETTINGS = `select coalesce(rolconfig, '{}') as settings from pg_roles where rolname = $1`;

/**
 * Sets the limits of the login roles, which apply to every session of the role, also behind a pooler. A role keeps a limit that
 * it has, unless `statementTimeoutMs` is given. If the owner may not alter a role, this is logged.
 */
export async function limitRoles(client: ClientBase, roles: RoleNames, statementTimeoutMs?: number): Promise<void> {
  const timeoutMs = statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS;
  const replaces = statementTimeoutMs !== undefined;
  const idle = 'idle_in_transaction_session_timeout';
  await setOnRole(client, roles.api, 'statement_timeout', String(timeoutMs), replaces);
  await setOnRole(client, roles.worker, 'statement_timeout', String(WORKER_STATEMENT_TIMEOUT_MS), false);
  for (const role of [roles.api, roles.worker]) await setOnRole(client, role, idle, String(2 * timeoutMs), replaces);
}

/** Sets that the role of people only reads, for a limited time, and that the server logs its statements. */
export async function limitReader(client: ClientBase, roles: RoleNames): Promise<void> {
  for (const [setting, value] of READER_SETTINGS) await setOnRole(client, readerOf(roles), setting, value, false);
}

async function setOnRole(client: ClientBase, role: string, setting: string, value: string, replaces: boolean): Promise<void> {
  const { rows } = await client.query<{ settings: string[] }>({ text: ROLE_SETTINGS, values: [role], types: DEFAULT_TYPES });
  const given = rows[0]!.settings.find((text) => text.startsWith(`${setting}=`));
  if (given === `${setting}=${value}` || (given !== undefined && !replaces)) return;
  try {
    await changeRole(client, `alter role ${pg.escapeIdentifier(role)} set ${setting} = ${pg.escapeLiteral(value)}`);
  } catch (error) {
    if ((error as { code?: string }).code !== INSUFFICIENT_PRIVILEGE) throw error;
    logger.warning('database_role_not_limited', { role, setting, value });
  }
}
