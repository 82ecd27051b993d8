import { PikaiaError } from '@pikaia/core';
import { currentManager, inTransaction } from './transaction.js';

/**
 * The transaction of an application that opens it without `@Transactional()`. A client of pg, an entity manager and a query runner of
 * TypeORM are executors; other libraries need an adapter of one line.
 */
export interface SqlExecutor {
  /**
   * Sends one statement with the parameters `$1`, `$2` and so on, inside the open transaction.
   *
   * @returns `{ rows }`, or the list of rows.
   */
  query(text: string, values: unknown[]): Promise<unknown>;
}

/** A write that `writeThroughExecutor` sends. */
export interface ExecutorWrite {
  /** The call that it belongs to, such as `publish(member.invited)`, for the text of an error. */
  readonly call: string;
  /** A result of `onlyInTransaction`. */
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/**
 * Returns a statement that does nothing outside a transaction. A transaction is recognized by its transaction id, which every earlier
 * write has assigned. A statement that commits by itself has none when its first part is evaluated.
 *
 * @param parts data-modifying statements by name. Each selects from `transaction`, which is empty outside a transaction.
 */
export function onlyInTransaction(parts: Readonly<Record<string, string>>): string {
  const writes = Object.entries(parts).map(([name, sql]) => `${name} as (${sql})`);
  return `
  with transaction as materialized (select 1 as open where pg_current_xact_id_if_assigned() is not null),
  ${writes.join(',\n  ')}
  select open from transaction`;
}

/** Assigns a transaction id to an open transaction. Outside a transaction, the id is gone with the statement. */
const ASSIGN_TRANSACTION_ID = 'select pg_current_xact_id()';

/**
 * Sends a write in the transaction of `executor`. Costs one round trip, and three if the transaction has not written anything yet.
 *
 * @param refusal creates the error to throw if the executor has no open transaction. Nothing is written then.
 * @throws PikaiaError `PIKAIA_EXECUTOR_INVALID` unless `executor` has `query`, and `query` resolves with rows.
 * @throws the error of `executor.query`, unchanged.
 */
export async function writeThroughExecutor(
  executor: SqlExecutor,
  { call, sql, parameters }: ExecutorWrite,
  refusal: () => PikaiaError,
): Promise<void> {
  const isWritten = async (): Promise<boolean> => (await queryRows(executor, call, sql, parameters)).length > 0;
  if (await isWritten()) return;
  await queryRows(executor, call, ASSIGN_TRANSACTION_ID);
  if (!(await isWritten())) throw refusal();
}

/** Sends a statement through `executor` and returns its rows. @throws like `writeThroughExecutor`. */
export async function queryRows(
  executor: SqlExecutor,
  call: string,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  if (typeof (executor as SqlExecutor | null)?.query !== 'function')
    throw invalidExecutor(call, 'has no method query(text, values). Pass the client or manager in which the transaction is open');
  const result = (await executor.query(sql, [...parameters])) as { rows?: unknown } | null | undefined;
  const rows: unknown = Array.isArray(result) ? result : result?.rows;
  if (!Array.isArray(rows))
    throw invalidExecutor(call, 'returned neither { rows } nor a list of rows. Return the result of the driver from query()');
  return rows as Readonly<Record<string, unknown>>[];
}

/** True if `executor` is the manager or the query runner of the running `@Transactional()` method. */
export function isRunningTransaction(executor: SqlExecutor): boolean {
  if (!inTransaction()) return false;
  const manager = currentManager();
  return executor === manager || executor === manager.queryRunner;
}

const invalidExecutor = (call: string, problem: string): PikaiaError =>
  new PikaiaError('PIKAIA_EXECUTOR_INVALID', `${call}: the executor ${problem}.`);
