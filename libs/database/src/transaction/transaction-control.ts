import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { QueryRunner } from 'typeorm';
import { transactionControl } from './transaction.errors.js';
import type { TransactionScope } from './transaction.scope.js';

/** pg's protocol connection. It emits each message of the server by its name. */
type Connection = EventEmitter & { readonly stream: Socket };
export type PostgresRunner = QueryRunner & { releasePostgresConnection(error: Error): Promise<void> };

/**
 * The server's tags for statements that end or begin a transaction: END answers COMMIT, ABORT answers ROLLBACK. So does
 * ROLLBACK TO SAVEPOINT, which only this library may send: what `publish` and `afterCommit` note cannot follow a foreign one.
 */
const CONTROL = new Set(['COMMIT', 'ROLLBACK', 'PREPARE TRANSACTION', 'BEGIN', 'START TRANSACTION']);

/**
 * Ends the connection as soon as the server answers that a statement of the transaction ended it or began one. No SQL is
 * parsed: each statement in a string has a command tag of its own, also where a later one fails. The tag arrives before the
 * server is ready for the next statement, so that one which already waits is never sent.
 *
 * @returns a function that stops watching. Call it before the transaction is ended on purpose.
 */
export async function watchTransactionControl(runner: QueryRunner, root: TransactionScope): Promise<() => void> {
  const { connection } = (await runner.connect()) as { connection: Connection };
  const end = (tag: string): void => {
    stop();
    root.endedBySql = transactionControl(tag);
    connection.stream.destroy();
    void (runner as PostgresRunner).releasePostgresConnection(root.endedBySql); // the pool closes a connection with an error
  };
  const onCommand = ({ text }: { text: string }): void => {
    if (text === 'ROLLBACK' && root.ownRollbacks > 0) root.ownRollbacks--;
    else if (CONTROL.has(text)) end(text);
  };
  // A second net: "idle" is a transaction that is gone, whatever the tags were.
  const onReady = ({ status }: { status: string }): void => {
    if (status === 'I') end('ROLLBACK');
  };
  const stop = (): void => {
    connection.off('commandComplete', onCommand).off('readyForQuery', onReady);
  };
  // Before pg's own listeners, which send the next statement.
  connection.prependListener('commandComplete', onCommand).prependListener('readyForQuery', onReady);
  return stop;
}
