import { PikaiaError } from '@pikaia/core';
import pg, { type ClientBase } from 'pg';
import { DEFAULT_TYPES } from '../client/default-types.js';
import { changeRole } from './change-role.js';
import { requireRights } from './require-rights.js';
import { readerOf, type RoleNames } from './role-names.js';

export interface RolePasswords {
  readonly api: string;
  readonly worker: string;
  /** Creates the role of people who read the audit log and the outbox with SQL. */
  readonly reader?: string | undefined;
}

/**
 * Creates missing roles and the memberships between them. It is idempotent. Roles belong to the cluster, so two databases that
 * migrate at the same time can create the same role. Each step ignores the error if the role or membership already exists.
 *
 * @param renewPasswords true to set the passwords on existing login roles too.
 * @returns the names of the roles that this call created.
 * @throws PikaiaError `PIKAIA_DATABASE_OWNER_LACKS_RIGHTS` with the privileges that the connected role lacks;
 * `PIKAIA_DATABASE_ROLES_FOREIGN` if the roles exist and the connected role may not administer them.
 */
export async function ensureRoles(
  client: ClientBase,
  roles: RoleNames,
  passwords?: RolePasswords,
  renewPasswords = false,
): Promise<string[]> {
  await requireRights(client, roles);
  try {
    return await createRoles(client, roles, passwords, renewPasswords);
  } catch (error) {
    throw (error as { code?: string }).code === INSUFFICIENT_PRIVILEGE ? await foreignRoles(client, roles, error) : error;
  }
}

/** PostgreSQL 16 lets only the creator of a role, or a superuser, administer it. */
async function foreignRoles(client: ClientBase, roles: RoleNames, cause: unknown): Promise<unknown> {
  const names = [roles.auditOwner, roles.auditOperator, roles.api, roles.worker];
  // Index: pg_authid by name. Locks: none.
  const { rows } = await client.query<{ owner: string; existing: string | null; grants: string }>({
    text: `select current_user as owner, string_agg(rolname, ', ' order by rolname) as existing,
      string_agg(format('grant %I to %I with admin option', rolname, current_user), '; ' order by rolname) as grants
      from pg_roles where rolname = any ($1)`,
    values: [names],
    types: DEFAULT_TYPES,
  });
  const { owner, existing, grants } = rows[0]!;
  if (existing === null) return cause;
  return new PikaiaError(
    'PIKAIA_DATABASE_ROLES_FOREIGN',
    `The roles ${existing} belong to another installation in this cluster: "${owner}" may not administer them. Pass other names for this installation as roles to migrate(), to the migrations and to DatabaseModule. To share the roles instead, run as a superuser: ${grants}.`,
    { cause },
  );
}

async function createRoles(
  client: ClientBase,
  roles: RoleNames,
  passwords: RolePasswords | undefined,
  renewPasswords: boolean,
): Promise<string[]> {
  const created: string[] = [];
  for (const [name, password] of [
    [roles.auditOwner, undefined],
    [roles.auditOperator, undefined],
    [roles.api, passwords?.api],
    [roles.worker, passwords?.worker],
  ] as const) {
    if (await createRole(client, name, name === roles.api || name === roles.worker, password)) created.push(name);
    else if (renewPasswords && password !== undefined) await setPassword(client, name, password);
  }
  if (passwords?.reader !== undefined) {
    const reader = readerOf(roles);
    if (await createRole(client, reader, true, passwords.reader, 'inherit')) created.push(reader);
    else if (renewPasswords) await setPassword(client, reader, passwords.reader);
    await grantMembership(client, roles.auditOperator, reader, { inherit: true }); // this role only reads
  }
  const { current_user: owner } = (
    await client.query<{ current_user: string }>({ text: 'select current_user', types: DEFAULT_TYPES })
  ).rows[0]!;
  // The API must not inherit the operator role, or it would always see every organization. The owner reads like an operator.
  await grantMembership(client, roles.auditOperator, roles.api, { inherit: false });
  // The owner keeps this membership, because later migrations run as the owner of the audit tables.
  await grantMembership(client, roles.auditOwner, owner, { inherit: false });
  await grantMembership(client, roles.auditOperator, owner, { inherit: true });
  return created;
}

async function createRole(
  client: ClientBase,
  name: string,
  login: boolean,
  password?: string,
  inheritance: 'inherit' | 'noinherit' = 'noinherit',
): Promise<boolean> {
  if ((await client.query('select from pg_roles where rolname = $1', [name])).rowCount) return false;
  const secret = password === undefined ? '' : ` password ${pg.escapeLiteral(password)}`;
  return ignoreIfExists(() =>
    client.query(`create role ${pg.escapeIdentifier(name)} ${login ? `login${secret}` : 'nologin'} ${inheritance}`),
  );
}

async function setPassword(client: ClientBase, name: string, password: string): Promise<void> {
  await changeRole(client, `alter role ${pg.escapeIdentifier(name)} password ${pg.escapeLiteral(password)}`);
}

/** In PostgreSQL 15 an attribute of the member controls inheritance. From 16 on, an option of the grant controls it. */
async function grantMembership(
  client: ClientBase,
  role: string,
  member: string,
  { inherit }: { inherit: boolean },
): Promise<void> {
  const { rows } = await client.query<{ modern: boolean; granted: boolean }>({
    text: `select current_setting('server_version_num')::int >= 160000 as modern,
       pg_has_role($2, $1, case when current_setting('server_version_num')::int < 160000 then 'member' else $3 end) as granted`,
    values: [role, member, inherit ? 'usage' : 'set'],
    types: DEFAULT_TYPES,
  });
  if (rows[0]!.granted) return;
  const options = rows[0]!.modern ? ` with set true, inherit ${inherit}` : '';
  await ignoreIfExists(() =>
    changeRole(client, `grant ${pg.escapeIdentifier(role)} to ${pg.escapeIdentifier(member)}${options}`),
  );
}

const INSUFFICIENT_PRIVILEGE = '42501';
const ALREADY_EXISTS_CODES = new Set(['42710', '23505']); // duplicate_object; unique_violation in a catalog, after a race

/** @returns false if the object already exists. */
async function ignoreIfExists(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (ALREADY_EXISTS_CODES.has((error as { code?: string }).code ?? '')) return false;
    throw error;
  }
}
