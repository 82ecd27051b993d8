import { PikaiaError } from '@pikaia/core';
import pg, { type ClientBase } from 'pg';
import { DEFAULT_TYPES } from '../client/default-types.js';
import { changeRole } from './change-role.js';
import { readerOf, type RoleNames } from './role-names.js';

export interface RolePasswords {
  readonly api: string;
  readonly worker: string;
  /** Creates the role of people who read the audit log and the outbox with SQL. */
  readonly reader?: string | undefined;
}

// Returns all privileges that the owner lacks, so that one message can list them.
const MISSING_RIGHTS = `
  select array_remove(array[
    case when not (select rolcreaterole or rolsuper from pg_roles where rolname = current_user) then 'CREATEROLE' end,
    case when current_setting('server_version_num')::int < 160000
      and not (select rolinherit or rolsuper from pg_roles where rolname = current_user) then 'INHERIT' end,
    case when not has_database_privilege(current_database(), 'create') then format('CREATE on database %I', current_database()) end,
    case when not has_schema_privilege('public', 'create') then 'CREATE on schema public' end,
    case when current_user <> session_user then 'being the role that logged in' end], null) as missing`;

/**
 * Creates missing roles and the memberships between them. It is idempotent. Roles belong to the cluster, so two databases that
 * migrate at the same time can create the same role. Each step ignores the error if the role or membership already exists.
 *
 * @param renewPasswords true to set the passwords on existing login roles too.
 * @returns the names of the roles that this call created.
 * @throws PikaiaError `PIKAIA_DATABASE_OWNER_LACKS_RIGHTS` with the privileges that the connected role lacks.
 */
export async function ensureRoles(
  client: ClientBase,
  roles: RoleNames,
  passwords?: RolePasswords,
  renewPasswords = false,
): Promise<string[]> {
  const { missing } = (await client.query<{ missing: string[] }>({ text: MISSING_RIGHTS, types: DEFAULT_TYPES })).rows[0]!;
  if (missing.length) {
    throw new PikaiaError(
      'PIKAIA_DATABASE_OWNER_LACKS_RIGHTS',
      `The role that runs the migrations lacks: ${missing.join(', ')}.`,
    );
  }
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
