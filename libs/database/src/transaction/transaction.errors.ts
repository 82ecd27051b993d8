import { PikaiaError } from '@pikaia/core';

export const transactionAborted = (cause?: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_TRANSACTION_ABORTED',
    'Nothing of this transaction or savepoint was written: a statement failed and its error was swallowed, or the connection was lost. Let the error pass, or run the statement in a savepoint (@Transactional(Propagation.Nested)).',
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
