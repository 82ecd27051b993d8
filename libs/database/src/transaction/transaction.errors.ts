import { PikaiaError } from '@pikaia/core';
import { QueryFailedError, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';

export const transactionAborted = (cause?: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_ABORTED',
    'This transaction or savepoint was rolled back: a statement failed and its error was swallowed. Rethrow the error, or run the statement in a savepoint (@Transactional(Propagation.Nested)).',
    { cause },
  );

export const transactionEnded = (): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_ENDED',
    'A statement was refused because its transaction or savepoint has ended. Nothing was written. Await all work that the @Transactional() method starts.',
  );

export const savepointOpen = (): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_SAVEPOINT_OPEN',
    'A statement was refused because a savepoint is open in this transaction and could roll the statement back. Await the nested call before the next statement. Do not run it in Promise.all.',
  );

export const rollbackOnly = (cause: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_ROLLBACK_ONLY',
    'This transaction or savepoint was rolled back: a @Transactional() call inside it threw an error, and the error was caught outside that call. The cause is that error. Rethrow it, or give the inner call a savepoint (@Transactional(Propagation.Nested)) or its own transaction (Propagation.RequiresNew).',
    { cause },
  );

export const ownConnectionRefused = (what: string): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_OWN_CONNECTION',
    `${what} was called inside a transaction: its statements would use another connection and commit without the transaction. Use the injected repositories and managers, which join the transaction, or manager.transaction() for a savepoint. For a separate transaction, call a method with @Transactional(Propagation.RequiresNew). For a separate connection, wrap the call in outsideTransaction(() => …).`,
  );

const OUTCOMES: Readonly<Record<string, string>> = {
  COMMIT:
    'The earlier writes of the transaction are committed, without the events and records that were to follow. Later statements in the same string may be committed too',
  'PREPARE TRANSACTION':
    'The earlier writes of the transaction are neither committed nor rolled back: the server keeps them as a prepared transaction. End it with COMMIT PREPARED or ROLLBACK PREPARED',
  ROLLBACK: 'The earlier writes of the transaction are not committed. Later statements in the same string may be committed',
  BEGIN: 'The earlier writes of the transaction are not committed',
};

/** @param tag the command tag that the server sent. */
export const transactionControl = (tag: string, cause?: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_CONTROL',
    `A statement of a @Transactional() method ended or began a transaction: the server reported ${tag}. ${OUTCOMES[tag] ?? OUTCOMES['BEGIN']}. Every later statement is refused. @Transactional() begins and ends the transaction: throw an error to roll back, and use @Transactional(Propagation.Nested) instead of SAVEPOINT and ROLLBACK TO.`,
    { cause },
  );

export const transactionControlRefused = (what: string): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_CONTROL',
    `${what} was called on the connection of a transaction. It was not sent, and the transaction will be rolled back. @Transactional() begins and ends the transaction: throw an error to roll back, and use @Transactional(Propagation.Nested) or manager.transaction() for a savepoint.`,
  );

export const connectionLost = (cause?: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_DATABASE_CONNECTION_LOST',
    'The connection was lost during a transaction. Nothing of the transaction was written. Repeat the whole transaction.',
    { cause },
  );

const transactionInDoubt = (cause: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_IN_DOUBT',
    'COMMIT was sent and the connection ended without a response: the transaction was written completely or not at all. Check whether its writes exist before you repeat it.',
    { cause },
  );

/** Names the call whose deferred write failed, because the error appears later than the call. */
export function ofCall(call: string, error: unknown): unknown {
  if (error instanceof QueryFailedError) error.message = `${call}: ${error.message}`;
  return error; // another error, such as the reason of abortTransaction, is about the whole transaction
}

const NOT_SENT = /not queryable$/; // pg refuses a statement on a connection that is known to be broken
const SESSION_ENDED = /^(FATAL|PANIC)$/;
const CONNECTION_STATES = /^(08|40003|57P)/;
const SERVER_STATES = /^(58|XX)/;

/**
 * Returns the error for a failed COMMIT. The transaction is proved to be rolled back only if the session survives the error: a
 * deferred constraint, a serialization failure, a statement timeout. An error that ends the session can replace the
 * confirmation of the commit, so the outcome is unknown.
 *
 * @param lostBy the error with which the connection broke before COMMIT was sent.
 */
export function commitFailure(error: Error & { code?: string; severity?: string }, lostBy?: unknown): Error {
  if (NOT_SENT.test(error.message)) return connectionLost(lostBy ?? error);
  return endsSession(error) ? transactionInDoubt(error) : new QueryFailedError('COMMIT', undefined, error); // the wrapper of TypeORM
}

/** True unless the error proves that the session continues, so that a COMMIT sent behind it fails. */
export function endsSession({ code = '', severity }: Error & { code?: string; severity?: string }): boolean {
  return (
    severity === undefined || // the error is not from the server
    SESSION_ENDED.test(severity) ||
    CONNECTION_STATES.test(code) ||
    (severity !== 'ERROR' && SERVER_STATES.test(code)) // the server can translate the severity
  );
}

/**
 * Converts the errors of statements after a lost connection. TypeORM releases the connection and then reports the release.
 *
 * @param lostBy the error with which the connection broke.
 */
export const withLostConnection = (error: unknown, lostBy?: unknown): unknown =>
  error instanceof QueryRunnerAlreadyReleasedError || error instanceof QueryRunnerProviderAlreadyReleasedError
    ? connectionLost(lostBy ?? error)
    : error;
