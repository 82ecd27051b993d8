import { TransactionHost } from '@nestjs-cls/transactional';
import { ClsServiceManager } from 'nestjs-cls';
import { PikaiaError } from '@pikaia/core';
import type { EntityManager } from 'typeorm';
import { TransactionScope } from './transaction.scope.js';

const SCOPE = Symbol('pikaia.transaction');

export function currentScope(): TransactionScope | undefined {
  const cls = ClsServiceManager.getClsService();
  return cls.isActive() ? cls.get<TransactionScope | undefined>(SCOPE as never) : undefined;
}

export function setScope(scope: TransactionScope | undefined): void {
  ClsServiceManager.getClsService().set(SCOPE as never, scope as never);
}

/** True from BEGIN until COMMIT or ROLLBACK is sent; false in a promise that outlived its transaction or savepoint. */
export function inTransaction(): boolean {
  return !!currentScope()?.isOpen && TransactionHost.getInstance().isTransactionActive();
}

/** TypeORM's manager of the running transaction; outside one, the data source's own. */
export function currentManager(): EntityManager {
  return TransactionHost.getInstance().tx as EntityManager;
}

/**
 * Writes inside the running transaction. The commit, or the release of the savepoint, waits for it, even if the caller
 * does not.
 *
 * @param refusal what to throw where there is no open transaction: the caller's own error says what to do.
 */
export async function writeInTransaction<T>(
  work: (manager: EntityManager) => Promise<T>,
  refusal: () => PikaiaError,
): Promise<T> {
  if (!inTransaction()) throw refusal();
  return currentScope()!.count(work(currentManager()));
}

/**
 * Runs `callback` after the outermost commit; never if the transaction or its savepoint is rolled back. The call that
 * opened the transaction waits for it. A callback that fails is logged as `after_commit_failed` and changes nothing: the
 * work is committed.
 *
 * @throws PikaiaError `PIKAIA_TRANSACTION_REQUIRED` outside a transaction.
 */
export function afterCommit(callback: () => unknown): void {
  if (!inTransaction()) {
    throw new PikaiaError('PIKAIA_TRANSACTION_REQUIRED', 'afterCommit was called outside a transaction: add @Transactional().');
  }
  currentScope()!.callbacks.push(callback);
}
