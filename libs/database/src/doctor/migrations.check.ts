import pg from 'pg';
import { findMissingTables } from '../migration/require-tables.js';
import {
  failed,
  passed,
  skipped,
  warning,
  type Check,
  type CheckContext,
  type CheckResult,
  type LibraryChecks,
} from './check.js';
import { findSchemas } from './roles.check.js';

// Tables with the three columns in which TypeORM lists migrations, whatever their name is. Locks: none.
const MIGRATION_TABLES = `
  select n.nspname::text as schema, c.relname::text as name,
    has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') as is_readable
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname !~ '^pg_' and (
    select array_agg(a.attname::text order by a.attname) from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) = '{id,name,timestamp}'`;

const RUN = 'As the owner of the database, run the migrations before the processes start:';

/** Compares the tables and the lists of migrations with the installed libraries, and with the migrations that modules export. */
export const migrationsCheck = (libraries: readonly LibraryChecks[]): Check => ({
  name: 'migrations',
  async run(context) {
    const schemas = await findSchemas(context);
    if (!libraries.length) return skipped('No library with tables is installed.');
    const used = libraries.filter(({ schema }) => schemas.includes(schema));
    if (!used.length) {
      return failed(
        `The database has no tables of ${libraries.map(({ library }) => library).join(' and ')}.`,
        `${RUN} pass ${libraries.map(({ migrations }) => migrations).join(' and ')} to migrate(). If they have run, DATABASE_URL names another database.`,
      );
    }
    const lacking: CheckResult[] = [];
    for (const { requiredTables, migrations } of used) {
      const { missing } = await findMissingTables(context, requiredTables);
      if (missing.length)
        lacking.push(failed(`The database lacks ${missing.join(', ')}.`, `${RUN} pass ${migrations} to migrate().`));
    }
    return lacking.length ? lacking : compareLists(context, used);
  },
});

async function compareLists(context: CheckContext, used: readonly LibraryChecks[]): Promise<CheckResult | CheckResult[]> {
  const own = context.exported.filter(isMigration).map(({ name }) => name);
  const known = new Set([...used.flatMap(({ migrationNames }) => migrationNames), ...own]);
  const tables = await context.query<{ schema: string; name: string; is_readable: boolean }>(MIGRATION_TABLES);
  const applied = new Set<string>();
  for (const { schema, name, is_readable } of tables) {
    if (!is_readable) continue;
    const table = [schema, name].map(pg.escapeIdentifier).join('.');
    const rows = await context.query<{ name: string }>(`select name::text from ${table} order by timestamp`);
    // The application can have another list, of its own migrations.
    if (rows.some((row) => known.has(row.name))) for (const row of rows) applied.add(row.name);
  }
  const results: CheckResult[] = [];
  const pending = [...known].filter((name) => !applied.has(name));
  if (pending.length && tables.some(({ is_readable }) => !is_readable))
    return passed('The tables are those of the installed libraries. Only the owner may read which migrations have run.');
  if (pending.length) results.push(failed(`These migrations have not run: ${pending.join(', ')}.`, `${RUN} migrate().`));
  const foreign = own.length ? [...applied].filter((name) => !known.has(name)) : [];
  if (foreign.length) {
    results.push(
      warning(
        `These migrations have run, but this version does not have them: ${foreign.join(', ')}.`,
        'Nothing is needed after a rollback of the code. Otherwise DATABASE_URL names the database of another version or application.',
      ),
    );
  }
  if (results.length) return results;
  return passed(`All ${known.size} migrations have run.`);
}

const isMigration = (value: Function): boolean => {
  const { up, down } = (value.prototype ?? {}) as Readonly<Record<string, unknown>>;
  return typeof up === 'function' && typeof down === 'function';
};
