import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { QueryRunner } from 'typeorm';
import { transactionControl } from './transaction.errors.js';
import type { TransactionScope } from './transaction.scope.js';

/** The protocol connection of pg. It emits each message of the server as an event. */
type Connection = EventEmitter & { readonly stream: Socket };
export type PostgresRunner = QueryRunner & { releasePostgresConnection(error: Error): Promise<void> };

/**
 * Command tags of statements that end or begin a transaction. END has the tag COMMIT, and ABORT has the tag ROLLBACK. ROLLBACK
 * TO SAVEPOINT has the tag ROLLBACK too. Only this library may send it, because `publish` and `afterCommit` cannot take back
 * their state for another savepoint.
 */
const CONTROL_TAGS = new Set(['COMMIT', 'ROLLBACK', 'PREPARE TRANSACTION', 'BEGIN', 'START TRANSACTION']);

/**
 * Closes the connection as soon as the server reports that a statement ended the transaction or began one. It does not parse
 * SQL. The server sends a command tag for each statement in a string, even if a later statement fails. The tag arrives before
 * the server is ready for the next statement, so a queued statement is never sent.
 *
 * @returns a function that stops watching. Call it before the library ends the transaction.
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
    if (text === 'ROLLBACK' && root.expectedRollbackTags > 0) root.expectedRollbackTags--;
    else if (CONTROL_TAGS.has(text)) end(text);
  };
  // A second check: status "idle" means that the transaction has ended, whatever the tags were.
  const onReady = ({ status }: { status: string }): void => {
    if (status === 'I') end('ROLLBACK');
  };
  const stop = (): void => {
    connection.off('commandComplete', onCommand).off('readyForQuery', onReady);
  };
  // These listeners must run before those of pg, which send the next statement.
  connection.prependListener('commandComplete', onCommand).prependListener('readyForQuery', onReady);
  return stop;
}
