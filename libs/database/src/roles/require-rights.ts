import { PikaiaError } from '@pikaia/core';
import type { ClientBase } from 'pg';
import { DEFAULT_TYPES } from '../client/default-types.js';
import type { DatabaseRoles } from './role-names.js';

// Returns all privileges that the owner lacks, so that one message can list them, each with the statement that grants it. $1: whether
// the migrations create roles.
const MISSING_RIGHTS = `
  with owner as (select * from pg_roles where rolname = current_user),
  rights(number, is_missing, name, cure) as (
    select 1, $1 and not (rolcreaterole or rolsuper), 'CREATEROLE', format('alter role %I createrole', rolname) from owner
    union all
    select 2, $1 and current_setting('server_version_num')::int < 160000 and not (rolinherit or rolsuper), 'INHERIT',
      format('alter role %I inherit', rolname) from owner
    union all
    select 3, not has_database_privilege(current_database(), 'create'), format('CREATE on database %I', current_database()),
      format('grant create on database %I to %I', current_database(), current_user)
    union all
    select 4, not has_schema_privilege('public', 'create'), 'CREATE on schema public',
      format('grant create on schema public to %I', current_user)
    union all
    select 5, current_user <> session_user, 'being the role that logged in', null)
  select current_user as owner, string_agg(name, ', ' order by number) as missing, string_agg(cure, '; ' order by number) as cures
  from rights where is_missing`;

/**
 * Checks that the connected role can run the migrations.
 *
 * @throws PikaiaError `PIKAIA_DATABASE_OWNER_LACKS_RIGHTS` with the privileges that the role lacks and the statements that grant them.
 */
export async function requireRights(client: ClientBase, roles: DatabaseRoles): Promise<void> {
  const createsRoles = roles !== 'single';
  const { rows } = await client.query<{ owner: string; missing: string | null; cures: string | null }>({
    text: MISSING_RIGHTS,
    values: [createsRoles],
    types: DEFAULT_TYPES,
  });
  const { owner, missing, cures } = rows[0]!;
  if (missing === null) return;
  const cure = cures === null ? '' : ` As a superuser, run: ${cures}.`;
  const single =
    createsRoles && missing.includes('CREATEROLE')
      ? ` To begin without separate roles for the processes, pass roles: 'single' to migrate(), to the migrations and to DatabaseModule.`
      : '';
  throw new PikaiaError(
    'PIKAIA_DATABASE_OWNER_LACKS_RIGHTS',
    `The role "${owner}", which runs the migrations, lacks: ${missing}.${cure}${single}`,
  );
}
