import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { PikaiaError } from '@pikaia/core';
import type { ClientBase } from 'pg';
import type { QueryRunner } from 'typeorm';
import { cancelStatement } from './cancel-statement.js';
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
 * Until it stops watching, `root.abort` ends the transaction in the same way and also cancels the running statement, and
 * `root.lostBy` gets the error with which the connection breaks.
 *
 * @returns a function that stops watching. Call it before the library ends the transaction.
 */
export async function watchTransactionControl(runner: QueryRunner, root: TransactionScope): Promise<() => void> {
  const client = (await runner.connect()) as ClientBase & { readonly connection: Connection };
  const { connection } = client;
  const end = (reason: PikaiaError): void => {
    stop();
    root.endedEarly = reason;
    connection.stream.destroy();
    void (runner as PostgresRunner).releasePostgresConnection(reason); // the pool closes a connection with an error
  };
  const onCommand = ({ text }: { text: string }): void => {
    if (text === 'ROLLBACK' && root.expectedRollbackTags > 0) root.expectedRollbackTags--;
    else if (CONTROL_TAGS.has(text)) end(transactionControl(text));
  };
  // A second check: status "idle" means that the transaction has ended, whatever the tags were.
  const onReady = ({ status }: { status: string }): void => {
    if (status === 'I') end(transactionControl('ROLLBACK'));
  };
  const onError = (error: unknown): void => {
    root.lostBy ??= error;
  };
  const stop = (): void => {
    root.abort = undefined;
    connection.off('commandComplete', onCommand).off('readyForQuery', onReady);
    client.off('error', onError);
  };
  root.abort = (reason) => {
    root.abortedBy = reason;
    end(reason);
    cancelStatement(client);
  };
  client.on('error', onError);
  // These listeners must run before those of pg, which send the next statement.
  connection.prependListener('commandComplete', onCommand).prependListener('readyForQuery', onReady);
  return stop;
}
