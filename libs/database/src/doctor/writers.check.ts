import { failed, passed, skipped, type CheckContext, type CheckResult } from './check.js';

/** What every process that writes to a schema needs. */
export interface NeededGrants {
  readonly schema: string;
  /** For each table the columns that it inserts. */
  readonly inserts: Readonly<Record<string, readonly string[]>>;
  /** The tables that it reads. */
  readonly selects: readonly string[];
  readonly sequences: readonly string[];
}

// The roles that may write to the schema, and what each of them lacks. A role that only reads is not listed. Index: the catalog's own.
// Locks: none. $1 roles, $2 schema, $3 and $4 tables and columns, $5 sequences, $6 tables that it reads.
const WRITERS = `
  select role, array(
    select grants.name from (
      select 0 as number, 'usage on schema ' || $2 as name where not has_schema_privilege(role, $2, 'usage')
      union all
      select 1, format('insert (%s) on %s', string_agg(c, ', '), t) from unnest($3::text[], $4::text[]) as w (t, c)
      where not has_column_privilege(role, t, c, 'insert') group by t
      union all
      select 2, 'usage on sequence ' || s from unnest($5::text[]) s where not has_sequence_privilege(role, s, 'usage')
      union all
      select 3, 'select on ' || r from unnest($6::text[]) r where not has_table_privilege(role, r, 'select')
    ) grants order by number, name) as missing
  from unnest($1::text[]) role
  where exists (
    select from pg_class c where c.relnamespace = $2::regnamespace and c.relkind in ('r', 'p') and (
      has_table_privilege(role, c.oid, 'insert, update, delete') or has_any_column_privilege(role, c.oid, 'insert, update')))`;

/** Checks that each process role that writes to a schema has all grants for it, and that there is such a role. */
export async function checkWriters(
  { query, processRoles }: CheckContext,
  { schema, inserts, selects, sequences }: NeededGrants,
): Promise<CheckResult | CheckResult[]> {
  if (!processRoles.length) return skipped('One role owns the tables, so it needs no grants.');
  const columns = Object.entries(inserts).flatMap(([table, names]) => names.map((name) => [table, name] as const));
  const writers = await query<{ role: string; missing: string[] }>(WRITERS, [
    processRoles,
    schema,
    columns.map(([table]) => table),
    columns.map(([, name]) => name),
    sequences,
    selects,
  ]);
  if (!writers.length) {
    return failed(
      `No role of a process may write to the schema ${schema}: neither ${processRoles.join(' nor ')}.`,
      'Run the migrations with the names of the roles that the processes use, or repeat their grants.',
    );
  }
  const lacking = writers.filter(({ missing }) => missing.length);
  if (!lacking.length) return passed(`${writers.map(({ role }) => role).join(' and ')} may write what a process writes.`);
  return lacking.map(({ role, missing }) =>
    failed(
      `The role ${role} lacks: ${missing.join('; ')}.`,
      `As the owner of the schema, run: ${missing.map((grant) => `grant ${grant} to ${role}`).join('; ')}.`,
    ),
  );
}
