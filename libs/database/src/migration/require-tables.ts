import { PikaiaError } from '@pikaia/core';
import { defaultRoles, type DatabaseRoles } from '../roles/role-names.js';

interface Queryable {
  query(sql: string, parameters: unknown[]): Promise<unknown>;
}

// The catalog shows the tables of every schema to every role. Index: pg_class by name and schema. Locks: none. Cost: 0.1 ms.
// $1: names of tables and columns, such as `outbox.outbox_log` and `outbox.outbox_log.causation_id`.
const FIND_MISSING = `
  select current_database() as database, array(
    select name from unnest($1::text[]) with ordinality as wanted(name, number)
    where not exists (
      select from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = split_part(name, '.', 1) and c.relname = split_part(name, '.', 2) and (split_part(name, '.', 3) = ''
        or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = split_part(name, '.', 3) and not a.attisdropped)))
    order by number)::text as missing`;

/** Returns which of the tables and columns do not exist. */
export async function findMissingTables(
  source: Queryable,
  names: readonly string[],
): Promise<{ database: string; missing: string[] }> {
  const [row] = (await source.query(FIND_MISSING, [names])) as { database: string; missing: string }[];
  return { database: row!.database, missing: row!.missing.slice(1, -1).split(',').filter(Boolean) };
}

/**
 * Checks at the start of an application that the migrations of a library have run.
 *
 * @param roles the roles of the application, which the migrations need too.
 * @param migrations the name of the function that returns the migrations, such as `outboxMigrations`.
 * @throws PikaiaError `PIKAIA_DATABASE_NOT_MIGRATED`, which names what is missing.
 */
export async function requireTables(
  source: Queryable,
  roles: DatabaseRoles,
  migrations: string,
  names: readonly string[],
): Promise<void> {
  const { database, missing } = await findMissingTables(source, names);
  if (!missing.length) return;
  const argument = roles === 'single' ? "'single'" : roles === defaultRoles ? '' : 'roles';
  const options = argument && `{ …, roles: ${argument} }`;
  throw new PikaiaError(
    'PIKAIA_DATABASE_NOT_MIGRATED',
    `The database "${database}" lacks ${missing.join(', ')}. Run the migrations before the processes start: pass ${migrations}(${argument}) to migrate(${options}) of @pikaia/database, or check that this process connects to the database that was migrated.`,
  );
}
