import type { QueryRunner } from 'typeorm';
import { currentScope } from './transaction.js';
import { watchTransactionControl, type PostgresRunner } from './transaction-control.js';
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
 * Puts every statement of a transaction's connection into its scope. A statement counts until it is answered, so that an
 * end waits for those in flight; after the end none passes (between ROLLBACK and the connection's return to the pool it
 * would commit by itself); and none from outside an open savepoint passes, since it would be rolled back with it.
 *
 * Inside the transaction only the method that opened it ends it, or gives its connection back.
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
    // A promise without our context, as that of a library's batch, writes where the transaction is.
    const caller = currentScope();
    const scope = caller?.root === root ? caller : root.innermost;
    if (!scope.isOpen) throw transactionEnded();
    if (scope.hasSavepoint) throw savepointOpen();
    return scope;
  };
  let ended = false; // COMMIT or ROLLBACK was answered
  const stopWatching = await watchTransactionControl(runner, root);
  root.send = (sql) => answered(root, query(sql));
  root.runner = runner;
  runner.query = (async (sql: string, ...rest: unknown[]) => {
    if (sql === 'COMMIT' || sql === 'ROLLBACK') {
      if (!root.over) return refuse(sql);
      if (sql === 'COMMIT') {
        await root.finish();
        root.assertCommittable();
        stopWatching();
        await commit(runner, root);
        ended = true;
        return undefined;
      }
      await root.abandon();
      stopWatching();
      if (root.endedBySql) return undefined;
      await query(sql);
      ended = true;
      return undefined;
    }
    return enter().count(answered(root, query(sql, ...rest)));
  }) as QueryRunner['query'];
  runner.stream = async (...args) => {
    const scope = enter();
    const rows = await stream(...args);
    void scope.count(new Promise<void>((done) => rows.once('close', () => done())));
    return rows;
  };
  runner.startTransaction = async () => refuse('startTransaction()');
  runner.release = async () => {
    if (ended) return release();
    if (!root.over && currentScope()?.root === root) return undefined;
    // A data source that closes, or code without our context. The next user of the connection would commit what is open.
    return (runner as PostgresRunner).releasePostgresConnection(connectionLost()); // the pool closes a connection with an error
  };
}

/** The answer may arrive, or the connection end, after the server said that the transaction is over. */
async function answered<T>(root: TransactionScope, statement: Promise<T>): Promise<T> {
  try {
    const answer = await statement;
    root.assertNotEndedBySql();
    return answer;
  } catch (error) {
    throw root.endedBySql ?? error;
  }
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
