import type { ClientBase } from 'pg';
import { LOST_WORKERS, OLD_COMMANDS, OLD_PROGRESS, OLD_RECEIPTS, OLD_REPLAYS } from './housekeeping.sql.js';
import type { HousekeepingResult, HousekeepingTask, Retention } from './housekeeping.task.js';

const MAX_ROWS_PER_TRANSACTION = 100_000;

export interface ExpiredRows {
  readonly table: string;
  /** Selects the `place` (ctid) of each row that can be removed. */
  readonly select: string;
  readonly values: readonly unknown[];
}

/** Thins the append-only cursors: only a few of them tell when an event was published. */
export const progressTask = expiredRowsTask('progress', () => ({
  table: 'outbox.outbox_progress',
  select: OLD_PROGRESS,
  values: [],
}));

/** Removes receipts of events that can no longer be delivered again. */
export const receiptsTask = expiredRowsTask('receipts', ({ receiptMs }) => ({
  table: 'outbox.consumer_receipt',
  select: OLD_RECEIPTS,
  values: [receiptMs],
}));

/** Removes commands that have ended. The audit log keeps who asked for them. */
export const commandsTask = expiredRowsTask('commands', ({ failedMs }) => ({
  table: 'outbox.outbox_command',
  select: OLD_COMMANDS,
  values: [failedMs],
}));

/** Removes replays that have ended. The audit log keeps who asked for them. */
export const replaysTask = expiredRowsTask('replays', ({ failedMs }) => ({
  table: 'outbox.outbox_replay',
  select: OLD_REPLAYS,
  values: [failedMs],
}));

/** Removes workers that have not reported for a day. */
export const workersTask = expiredRowsTask('workers', () => ({
  table: 'outbox.outbox_worker',
  select: LOST_WORKERS,
  values: [],
}));

/** Makes a task that removes rows of a table. */
export function expiredRowsTask(name: string, expiredRows: (retention: Retention) => ExpiredRows): HousekeepingTask {
  return { name, run: (client, retention, dryRun) => removeRows(client, expiredRows(retention), dryRun) };
}

/**
 * Deletes the selected rows in transactions of limited size; a dry run counts them. Locks: only the deleted rows. A row that
 * changes meanwhile has another ctid and stays until the next run.
 */
async function removeRows(
  client: ClientBase,
  { table, select, values }: ExpiredRows,
  dryRun: boolean,
): Promise<HousekeepingResult[]> {
  if (dryRun) {
    const { rows } = await client.query<{ count: number }>(`select count(*)::int as count from (${select}) o`, [...values]);
    return [{ what: table, removed: rows[0]!.count, unit: 'rows' }];
  }
  const sql = `delete from ${table} where ctid = any (array(select place from (${select}) o limit ${MAX_ROWS_PER_TRANSACTION}))`;
  let removed = 0;
  for (let more = true; more;) {
    const { rowCount } = await client.query(sql, [...values]);
    removed += rowCount!;
    more = rowCount === MAX_ROWS_PER_TRANSACTION;
  }
  return [{ what: table, removed, unit: 'rows' }];
}
