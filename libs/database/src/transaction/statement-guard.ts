import type { QueryRunner } from 'typeorm';
import { currentScope } from './transaction.js';
import { commitFailure, connectionLost, savepointOpen, transactionAborted, transactionEnded } from './transaction.errors.js';
import type { TransactionScope } from './transaction.scope.js';

/**
 * Puts every statement of a transaction's connection into its scope. A statement counts until it is answered, so that an
 * end waits for those in flight; after the end none passes (between ROLLBACK and the connection's return to the pool it
 * would commit by itself); and none from outside an open savepoint passes, since it would be rolled back with it.
 */
export function guardStatements(runner: QueryRunner, root: TransactionScope): void {
  const query = runner.query.bind(runner) as (...args: unknown[]) => Promise<unknown>;
  root.send = query;
  runner.query = (async (sql: string, ...rest: unknown[]) => {
    if (sql === 'COMMIT' || sql === 'ROLLBACK') {
      // TypeORM loses count of its own nested transactions when a SAVEPOINT fails, and would end the whole.
      if (!root.over) throw transactionAborted();
      return sql === 'COMMIT' ? commit(runner, root) : root.abandon().then(() => query(sql));
    }
    // A promise without our context, as that of a library's batch, writes where the transaction is.
    const caller = currentScope();
    const scope = caller?.root === root ? caller : root.innermost;
    if (!scope.isOpen) throw transactionEnded();
    if (scope.hasSavepoint) throw savepointOpen();
    return scope.count(query(sql, ...rest));
  }) as QueryRunner['query'];
}

/**
 * A statement fails, its error is swallowed, COMMIT is sent: PostgreSQL answers ROLLBACK, and TypeORM takes that for
 * success. So the answer's command tag decides. (pg's getTransactionStatus() is no help: it lags behind the error.)
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
