import { PikaiaError } from '@pikaia/core';
import { QueryFailedError, type QueryRunner } from 'typeorm';
import { currentScope } from './transaction.js';
import type { TransactionScope } from './transaction.scope.js';

// What TypeORM sends to end a transaction or a savepoint.
const ENDS_WELL = /^(COMMIT$|RELEASE SAVEPOINT typeorm_)/;
const ENDS_BADLY = /^(ROLLBACK$|ROLLBACK TO SAVEPOINT typeorm_)/;

/**
 * Puts every statement of a transaction's connection into its scope. A statement counts until it is answered, so that an
 * end waits for those in flight; after the end none passes (between ROLLBACK and the connection's return to the pool it
 * would commit by itself); and none from outside an open savepoint passes, since it would be rolled back with it.
 */
export function guardStatements(runner: QueryRunner, root: TransactionScope): void {
  const query = runner.query.bind(runner) as (...args: unknown[]) => Promise<unknown>;
  runner.query = (async (sql: string, ...rest: unknown[]) => {
    // A promise without our context, as that of a library's batch, writes where the transaction is.
    const caller = currentScope();
    const scope = caller?.root === root ? caller : root.innermost;
    if (ENDS_WELL.test(sql)) {
      await scope.finish();
      return sql === 'COMMIT' ? commit(runner) : query(sql, ...rest);
    }
    if (ENDS_BADLY.test(sql)) {
      if (sql === 'ROLLBACK') root.close();
      await scope.abandon();
      return query(sql, ...rest);
    }
    if (!scope.isOpen) throw transactionEnded();
    if (scope.hasOpenSavepoint) throw savepointBusy();
    return scope.count(query(sql, ...rest));
  }) as QueryRunner['query'];
}

/**
 * A statement fails, its error is swallowed, COMMIT is sent: PostgreSQL answers ROLLBACK, and TypeORM takes that for
 * success. So the answer's command tag decides. (pg's getTransactionStatus() is no help: it lags behind the error.)
 */
async function commit(runner: QueryRunner): Promise<void> {
  if (runner.isReleased) throw transactionAborted('the connection was lost');
  const client = (await runner.connect()) as { query(sql: string): Promise<{ command: string }> };
  const { command } = await client.query('COMMIT').catch((error: Error) => {
    throw new QueryFailedError('COMMIT', undefined, error); // as TypeORM wraps every other statement's error
  });
  if (command !== 'COMMIT') throw transactionAborted();
}

export const transactionAborted = (cause?: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_ABORTED',
    'Nothing of this transaction was written: a statement failed and its error was swallowed, or the connection was lost. Let the error pass, or run the statement in a savepoint (@Transactional(Propagation.Nested)).',
    { cause },
  );

export const savepointBusy = (): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_SAVEPOINT_OPEN',
    'A savepoint is open in this transaction, and a statement from outside it would share its fate. Await the nested call before the next statement; do not run it in Promise.all.',
  );

const transactionEnded = (): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_ENDED',
    'A statement came after the end of its transaction or savepoint: nothing is written. Await everything that the @Transactional() method starts.',
  );
