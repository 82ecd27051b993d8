import { PikaiaError } from '@pikaia/core';
import { inTransaction, queryRows, readWithCommit, type SqlExecutor } from '@pikaia/database';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Change } from './change-token.js';
import { READ_CHANGE } from './wait.sql.js';

interface Collector {
  readonly outer: Collector | undefined;
  /** Reads the change of a transaction directly before its commit. */
  readonly read: Parameters<typeof readWithCommit>[0];
}

const collectors = new AsyncLocalStorage<Collector>();

/**
 * Runs `work` and collects the changes of the transactions with events that it commits.
 *
 * @throws PikaiaError `PIKAIA_CHANGE_UNCOMMITTED` inside a transaction, which would commit only later.
 */
export async function collectChanges<T>(work: () => Promise<T>): Promise<{ result: T; changes: readonly Change[] }> {
  if (inTransaction()) {
    throw new PikaiaError(
      'PIKAIA_CHANGE_UNCOMMITTED',
      'runWithToken was called inside a transaction, which commits only after it. Call it around the @Transactional() method.',
    );
  }
  const changes: Change[] = [];
  const onRows = (rows: readonly Partial<Change>[]): void => {
    const { txid, position } = rows[0] ?? {};
    if (typeof txid === 'string' && typeof position === 'string') changes.push({ txid, position });
  };
  const read = { call: 'runWithToken', sql: READ_CHANGE, parameters: [], onRows };
  const result = await collectors.run({ outer: collectors.getStore(), read }, work);
  return { result, changes: [...changes] };
}

/** Adds the change of the running transaction to the callers of `collectChanges`. Hot path: does nothing without a caller. */
export function noteChange(refusal: () => PikaiaError): void {
  for (let collector = collectors.getStore(); collector; collector = collector.outer) readWithCommit(collector.read, refusal);
}

/** Adds the change of the executor's transaction, as far as it is now. Costs a round trip if there is a caller of `collectChanges`. */
export async function noteChangeOf(executor: SqlExecutor): Promise<void> {
  const first = collectors.getStore();
  if (!first) return;
  const { call, sql } = first.read;
  const rows = await queryRows(executor, call, sql);
  for (let collector: Collector | undefined = first; collector; collector = collector.outer) collector.read.onRows(rows);
}
