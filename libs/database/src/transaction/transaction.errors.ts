import { PikaiaError } from '@pikaia/core';
import { QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';

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

export const connectionLost = (cause?: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_DATABASE_CONNECTION_LOST',
    'The connection was lost in the middle of a transaction, of which nothing was written. Try the whole again.',
    { cause },
  );

/** TypeORM takes a broken connection back by itself, and every later statement fails as one after the release. */
export const withLostConnection = (error: unknown): unknown =>
  error instanceof QueryRunnerAlreadyReleasedError || error instanceof QueryRunnerProviderAlreadyReleasedError
    ? connectionLost(error)
    : error;
