import type { QueryRunner } from 'typeorm';
import { currentScope } from './transaction.js';
import { watchTransactionControl } from './transaction-control.js';
import {
  commitFailure,
  connectionLost,
  savepointOpen,
  transactionAborted,
  transactionControlRefused,
  transactionEnded,
} from './transaction.errors.js';
import type { TransactionScope } from './transaction.scope.js';

/**
 * Checks and tracks every statement on the connection of a transaction.
 *
 * - The end of the transaction waits for statements in flight.
 * - After the end, statements are refused. Between ROLLBACK and the return of the connection to the pool, a statement would
 *   commit by itself.
 * - While a savepoint is open, statements from outside are refused, because the savepoint could roll them back.
 * - Only the method that opened the transaction can end it or release its connection.
 */
export async function guardStatements(runner: QueryRunner, root: TransactionScope): Promise<void> {
  const query = runner.query.bind(runner) as (...args: unknown[]) => Promise<unknown>;
  const [stream, release] = [runner.stream.bind(runner), runner.release.bind(runner)];
  const refuse = (what: string): never => {
    if (!root.isOpen) throw transactionEnded();
    const error = transactionControlRefused(what);
    root.markRollbackOnly(error);
    throw error;
  };
  const enter = (): TransactionScope => {
    root.assertNotEndedBySql();
    // A promise without the caller's context, such as a batch of a library, writes in the innermost scope.
    const caller = currentScope();
    const scope = caller?.root === root ? caller : root.innermost;
    if (!scope.isOpen) throw transactionEnded();
    if (scope.hasSavepoint) throw savepointOpen();
    return scope;
  };
  const stopWatching = await watchTransactionControl(runner, root);
  root.sendUnguarded = (sql) => failIfEndedBySql(root, query(sql));
  root.runner = runner;
  runner.query = (async (sql: string, ...rest: unknown[]) => {
    if (sql === 'COMMIT' || sql === 'ROLLBACK') {
      if (!root.methodEnded) return refuse(sql);
      if (sql === 'COMMIT') {
        await root.finish();
        root.assertCommittable();
        stopWatching();
        return commit(runner, root);
      }
      await root.abandon();
      stopWatching();
      return root.endedBySql ? undefined : query(sql);
    }
    return enter().track(failIfEndedBySql(root, query(sql, ...rest)));
  }) as QueryRunner['query'];
  runner.stream = async (...args) => {
    const scope = enter();
    const rows = await stream(...args);
    void scope.track(new Promise<void>((done) => rows.once('close', () => done())));
    return rows;
  };
  runner.startTransaction = async () => refuse('startTransaction()');
  // When the data source closes, it calls release() on every connection until the connection is released.
  runner.release = async () => (root.methodEnded || currentScope()?.root !== root ? release() : undefined);
}

/**
 * Throws `endedBySql` in place of the result, or of the connection error, if a statement has ended the transaction. Both can
 * arrive after the server has reported the end.
 */
async function failIfEndedBySql<T>(root: TransactionScope, statement: Promise<T>): Promise<T> {
  try {
    const result = await statement;
    root.assertNotEndedBySql();
    return result;
  } catch (error) {
    throw root.endedBySql ?? error;
  }
}

/**
 * Sends COMMIT and checks the command tag of the response. If a statement failed and its error was swallowed, PostgreSQL
 * responds to COMMIT with ROLLBACK, which TypeORM treats as success. `getTransactionStatus()` of pg cannot detect this, because
 * it is updated after the error.
 */
async function commit(runner: QueryRunner, root: TransactionScope): Promise<void> {
  await root.finish();
  if (runner.isReleased) throw connectionLost();
  const client = (await runner.connect()) as { query(sql: string): Promise<{ command: string }> };
  const { command } = await client.query('COMMIT').catch((error: Error) => {
    throw commitFailure(error);
  });
  if (command !== 'COMMIT') throw transactionAborted();
}
