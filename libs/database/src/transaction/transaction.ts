import { TransactionHost } from '@nestjs-cls/transactional';
import { ClsServiceManager } from 'nestjs-cls';
import { PikaiaError } from '@pikaia/core';
import type { EntityManager } from 'typeorm';
import { savepointOpen } from './transaction.errors.js';
import { TransactionScope, type DeferredWrite, type FinalRead } from './transaction.scope.js';

const SCOPE = Symbol('pikaia.transaction');

export function currentScope(): TransactionScope | undefined {
  const cls = ClsServiceManager.getClsService();
  return cls.isActive() ? cls.get<TransactionScope | undefined>(SCOPE as never) : undefined;
}

export function setScope(scope: TransactionScope | undefined): void {
  ClsServiceManager.getClsService().set(SCOPE as never, scope as never);
}

/** Returns true from BEGIN until COMMIT or ROLLBACK is sent; false in a promise that outlives its transaction or savepoint. */
export function inTransaction(): boolean {
  return !!currentScope()?.isOpen && TransactionHost.getInstance().isTransactionActive();
}

/** Returns the entity manager of the running transaction; outside a transaction, that of the data source. */
export function currentManager(): EntityManager {
  return TransactionHost.getInstance().tx as EntityManager;
}

/**
 * Runs `work` inside the running transaction. The commit, or the release of the savepoint, waits for `work` even if the caller
 * does not await it.
 *
 * @param refusal creates the error to throw if no transaction is open. The error tells the user what to do.
 */
export async function writeInTransaction<T>(
  work: (manager: EntityManager) => Promise<T>,
  refusal: () => PikaiaError,
): Promise<T> {
  if (!inTransaction()) throw refusal();
  return currentScope()!.track(work(currentManager()));
}

/**
 * Adds a write to the running transaction and returns at once. The write is sent before the next statement of the transaction, or
 * together with COMMIT in one round trip. So it costs no extra round trip if it comes last.
 *
 * If it fails, the transaction is rolled back, or its savepoint. The next statement fails with the error of the write, or the call
 * that opened the transaction does. The message begins with `call`. Callbacks of `afterCommit` do not run.
 *
 * @param refusal creates the error to throw if no transaction is open. The error tells the user what to do.
 * @throws PikaiaError `PIKAIA_TRANSACTION_SAVEPOINT_OPEN` if a savepoint is open in the caller's scope and is not awaited.
 */
export function writeWithCommit(write: DeferredWrite, refusal: () => PikaiaError): void {
  if (!inTransaction()) throw refusal();
  const scope = currentScope()!;
  scope.assertNotEndedEarly();
  if (scope.hasSavepoint) throw savepointOpen(); // otherwise the write would be sent behind later writes of the savepoint
  scope.defer(write);
}

/**
 * Adds a query to the running transaction that is sent behind all writes, together with COMMIT in one round trip. Use it to read
 * what the whole transaction wrote. `read.onRows` receives the rows after the commit and before the callbacks of `afterCommit`; it
 * is not called if the transaction is rolled back. A read that the transaction already has is not added again.
 *
 * If the query fails, the transaction is rolled back, as after a failed write.
 *
 * @param refusal creates the error to throw if no transaction is open. The error tells the user what to do.
 */
export function readWithCommit(read: FinalRead, refusal: () => PikaiaError): void {
  if (!inTransaction()) throw refusal();
  currentScope()!.root.finalReads.add(read);
}

/**
 * Runs `work` outside the running transaction, in the caller's context. Inside `work`, injected repositories and `query()` use
 * another connection, `dataSource.transaction()` and `createQueryRunner()` are allowed, and writes commit whatever the outcome
 * of the transaction. Without a running transaction it only calls `work`.
 *
 * Use it for reads that change settings of their connection, and for writes that must survive a rollback. Prefer
 * `@Transactional(Propagation.RequiresNew)` if the work is one separate transaction.
 *
 * `work` takes a second connection from the pool. It does not see uncommitted writes of the transaction. If it needs a row
 * that the transaction has locked, it waits until `statement_timeout`.
 */
export async function outsideTransaction<T>(work: () => Promise<T>): Promise<T> {
  if (!currentScope()) return work();
  refuseAfterAbort();
  return TransactionHost.getInstance().withoutTransaction(() => {
    setScope(undefined);
    return work();
  });
}

/**
 * Ends the running transaction at once, also while a statement runs: closes its connection and cancels the statement, so the
 * server rolls back. The pool can open another connection. The call that opened the transaction fails with `reason`, and so does
 * everything that its work tries later: statements, new transactions and `outsideTransaction`. Does nothing without an open
 * transaction, or if its COMMIT or ROLLBACK was sent.
 */
export function abortTransaction(reason: PikaiaError): void {
  currentScope()?.root.abort?.(reason);
}

/** @throws the reason of `abortTransaction`, if it ended the transaction of the caller. */
export function refuseAfterAbort(): void {
  const reason = currentScope()?.root.abortedBy;
  if (reason) throw reason;
}

/**
 * Runs `callback` after the outermost commit. It does not run if the transaction or its savepoint is rolled back. The call that
 * opened the transaction waits for the callback. A failed callback is logged as `after_commit_failed`. The call still succeeds,
 * because the work is committed.
 *
 * @throws PikaiaError `PIKAIA_TRANSACTION_REQUIRED` outside a transaction.
 */
export function afterCommit(callback: () => unknown): void {
  if (!inTransaction()) {
    throw new PikaiaError('PIKAIA_TRANSACTION_REQUIRED', 'afterCommit was called outside a transaction: add @Transactional().');
  }
  currentScope()!.callbacks.push(callback);
}
