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
 * Runs `work` outside the running transaction, with the caller's context: injected repositories and `query()` use a
 * connection of their own there, `dataSource.transaction()` and `createQueryRunner()` are allowed, and what is written commits
 * whatever becomes of the transaction. `work` does not see the transaction's uncommitted writes, and waits forever for a row
 * that the transaction has locked (until `statement_timeout`). It takes a second connection from the pool.
 *
 * Use it for reads that change settings of their connection, and for writes that must survive a rollback. Prefer
 * `@Transactional(Propagation.RequiresNew)` where the work is a transaction of its own. Without a transaction it calls `work`.
 */
export async function outsideTransaction<T>(work: () => Promise<T>): Promise<T> {
  if (!currentScope()) return work();
  return TransactionHost.getInstance().withoutTransaction(() => {
    setScope(undefined);
    return work();
  });
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
