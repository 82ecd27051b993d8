import type { ClientBase } from 'pg';
import type { Finding } from './chore.js';

const AT_ONCE = 100_000; // rows of one transaction

export interface Removal {
  readonly table: string;
  /** Selects the `place` (ctid) of each row that may go. */
  readonly old: string;
  readonly values: readonly unknown[];
}

/**
 * Deletes what a statement finds, a limited number of rows a transaction; in a dry run it counts. Locks nothing but the
 * rows that go. A row that somebody changes meanwhile has moved, and stays for the next time.
 */
export async function remove(client: ClientBase, { table, old, values }: Removal, dryRun: boolean): Promise<Finding[]> {
  if (dryRun) {
    const { rows } = await client.query<{ count: number }>(`select count(*)::int as count from (${old}) o`, [...values]);
    return findingOf(table, rows[0]!.count);
  }
  const sql = `delete from ${table} where ctid = any (array(select place from (${old}) o limit ${AT_ONCE}))`;
  let removed = 0;
  for (let more = true; more;) {
    const { rowCount } = await client.query(sql, [...values]);
    removed += rowCount!;
    more = rowCount === AT_ONCE;
  }
  return findingOf(table, removed);
}

const findingOf = (what: string, removed: number): Finding[] => [{ what, removed, unit: 'rows' }];
