import { PikaiaError } from '@pikaia/core';
import { QueryFailedError, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';

export const transactionAborted = (cause?: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_ABORTED',
    'Nothing of this transaction or savepoint was written: a statement failed and its error was swallowed. Let the error pass, or run the statement in a savepoint (@Transactional(Propagation.Nested)).',
    { cause },
  );

export const transactionEnded = (): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_ENDED',
    'A statement came after the end of its transaction or savepoint: nothing is written. Await everything that the @Transactional() method starts.',
  );

export const savepointOpen = (): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_SAVEPOINT_OPEN',
    'A savepoint is open in this transaction, and a statement from outside it would share its fate. Await the nested call before the next statement; do not run it in Promise.all.',
  );

export const rollbackOnly = (cause: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_ROLLBACK_ONLY',
    'Nothing of this transaction or savepoint was written: a @Transactional() call inside it threw, and its error was caught outside that call. The cause is that error. Let it pass, or give the inner call a savepoint (@Transactional(Propagation.Nested)) or a transaction of its own (Propagation.RequiresNew).',
    { cause },
  );

export const ownConnectionRefused = (what: string): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_OWN_CONNECTION',
    `${what} was called inside a transaction: its statements would use another connection and commit without the transaction. Use the injected repositories and managers, which join the transaction, or manager.transaction() for a savepoint. For a separate transaction, call a method with @Transactional(Propagation.RequiresNew). For a connection of your own, wrap the call in outsideTransaction(() => …).`,
  );

const OUTCOMES: Readonly<Record<string, string>> = {
  COMMIT:
    'What the transaction wrote before is committed, without the events and records that were to follow. Statements after it in the same string may be committed too',
  'PREPARE TRANSACTION':
    'What the transaction wrote before is neither committed nor rolled back: the server keeps it as a prepared transaction, which COMMIT PREPARED or ROLLBACK PREPARED ends',
  ROLLBACK: 'What the transaction wrote before is not committed. Statements after it in the same string may be',
  BEGIN: 'What the transaction wrote before is not committed',
};

/** @param tag the server's command tag. */
export const transactionControl = (tag: string, cause?: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_CONTROL',
    `A statement inside a transaction was answered with ${tag}. ${OUTCOMES[tag] ?? OUTCOMES['BEGIN']}. Every later statement is refused. @Transactional() begins and ends the transaction: throw an error to roll back, and use @Transactional(Propagation.Nested) instead of SAVEPOINT and ROLLBACK TO.`,
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
    'The connection was lost in the middle of a transaction, of which nothing was written. Try the whole again.',
    { cause },
  );

export const transactionInDoubt = (cause: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_IN_DOUBT',
    'COMMIT was sent and the connection ended without an answer: the transaction was written completely or not at all. Look for what it writes before you repeat it.',
    { cause },
  );

const NOT_SENT = /not queryable$/; // pg refuses a statement on a connection that it knows to be broken
const SESSION_ENDED = /^(FATAL|PANIC)$/;
const CONNECTION_STATES = /^(08|40003|57P)/;
const SERVER_STATES = /^(58|XX)/;

/**
 * What a COMMIT that failed says about its transaction. Only an error that the session survives proves the rollback: a
 * deferred constraint, a serialization failure, a statement timeout. An error that ends the session can arrive in place of
 * the confirmation, and so leaves the outcome unknown.
 */
export function commitFailure(error: Error & { code?: string; severity?: string }): Error {
  if (NOT_SENT.test(error.message)) return connectionLost(error);
  const { code = '', severity } = error;
  const unknown =
    severity === undefined || // not from the server
    SESSION_ENDED.test(severity) ||
    CONNECTION_STATES.test(code) ||
    (severity !== 'ERROR' && SERVER_STATES.test(code)); // the severity is in the server's language
  return unknown ? transactionInDoubt(error) : new QueryFailedError('COMMIT', undefined, error); // as TypeORM wraps others
}

/** TypeORM takes a broken connection back by itself, and every later statement fails as one after the release. */
export const withLostConnection = (error: unknown): unknown =>
  error instanceof QueryRunnerAlreadyReleasedError || error instanceof QueryRunnerProviderAlreadyReleasedError
    ? connectionLost(error)
    : error;
