import { PikaiaError } from '@pikaia/core';
import pg from 'pg';
import { defaultRoles, roleNamesOf, type DatabaseRoles } from './role-names.js';

export interface TableGrants {
  /** The tables, such as `task` or `shop.order`. Default: all tables of `schemas`, and those that the migrations create there later. */
  readonly tables?: readonly string[];
  /** The schemas of the tables. Default: `public`. */
  readonly schemas?: readonly string[];
  /** The processes that get the privileges. Default: both. */
  readonly to?: readonly ('api' | 'worker')[];
  /** Default: all four. */
  readonly privileges?: readonly ('select' | 'insert' | 'update' | 'delete')[];
  readonly roles?: DatabaseRoles;
}

// The migration tables of TypeORM and Knex, which only the owner writes.
const MIGRATION_TABLES = ['migrations', 'typeorm_metadata', 'knex_migrations', 'knex_migrations_lock'];
const LIBRARY_SCHEMA = /^"?(audit|outbox)"?(\.|$)/i;

/**
 * Returns the SQL that lets the processes use the application's own tables and their sequences. Run it in a migration, as the owner of
 * the tables. The tables of the libraries have their own grants.
 *
 * @throws PikaiaError `PIKAIA_DATABASE_GRANT_REFUSED` for a table or schema of the libraries.
 */
export function grantTables({
  tables,
  schemas = ['public'],
  to = ['api', 'worker'],
  privileges = ['select', 'insert', 'update', 'delete'],
  roles = defaultRoles,
}: TableGrants = {}): string {
  for (const name of tables ?? schemas) if (LIBRARY_SCHEMA.test(name)) throw refusedError(name);
  const names = roleNamesOf(roles);
  const grantees = [...new Set(to.map((process) => names[process]))].join(', ');
  const list = privileges.join(', ');
  const found = tables
    ? `c.oid = any (array[${tables.map(pg.escapeLiteral).join(', ')}]::regclass[]) or (c.relkind = 'S' and exists (
         select from pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i')
           and d.refobjid = any (array[${tables.map(pg.escapeLiteral).join(', ')}]::regclass[])))`
    : `n.nspname = any (array[${schemas.map(pg.escapeLiteral).join(', ')}]) and c.relkind in ('r', 'p', 'S')
         and pg_has_role(c.relowner, 'usage') and c.relname <> all (array[${MIGRATION_TABLES.map(pg.escapeLiteral).join(', ')}])`;
  const later = tables
    ? []
    : schemas
        .map(pg.escapeIdentifier)
        .flatMap((schema) => [
          `alter default privileges in schema ${schema} grant ${list} on tables to ${grantees};`,
          `alter default privileges in schema ${schema} grant usage on sequences to ${grantees};`,
        ]);
  return `
do $grants$ declare found record; begin
  for found in
    select c.oid::regclass as name, c.relkind = 'S' as is_sequence, n.nspname as schema
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${found}
  loop
    execute format('grant usage on schema %I to ${grantees}', found.schema);
    if found.is_sequence then execute format('grant usage on sequence %s to ${grantees}', found.name);
    else execute format('grant ${list} on table %s to ${grantees}', found.name);
    end if;
  end loop;
end $grants$;
${later.join('\n')}`;
}

const refusedError = (name: string): PikaiaError =>
  new PikaiaError(
    'PIKAIA_DATABASE_GRANT_REFUSED',
    `${name} belongs to the libraries, whose migrations grant what each process needs. Grant only the application's own tables.`,
  );
