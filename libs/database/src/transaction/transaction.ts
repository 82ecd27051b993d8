import { TransactionHost } from '@nestjs-cls/transactional';
import { ClsServiceManager } from 'nestjs-cls';
import { PikaiaError } from '@pikaia/core';
import type { EntityManager } from 'typeorm';

type Callback = () => unknown;

/**
 * What is known of one transaction or savepoint. Inner `@Transactional()` calls copy the CLS store, so only an object
 * that the copies share can tell a promise that outlived its transaction that it is over.
 */
export class TransactionScope {
  open = true;
  readonly callbacks: Callback[] = [];
  readonly writes = new Set<Promise<unknown>>();

  constructor(readonly outer?: TransactionScope) {}

  get root(): TransactionScope {
    return this.outer?.root ?? this;
  }

  /** Open means: neither it nor what it is nested in has ended. */
  get isOpen(): boolean {
    return this.open && (this.outer?.isOpen ?? true);
  }

  /** Closes when nothing that was counted is in flight; what such a write starts in turn is waited for too. */
  async close(): Promise<void> {
    while (this.writes.size) await Promise.allSettled(this.writes);
    this.open = false;
  }
}

const SCOPE = Symbol('pikaia.transaction');

export function currentScope(): TransactionScope | undefined {
  const cls = ClsServiceManager.getClsService();
  return cls.isActive() ? cls.get<TransactionScope | undefined>(SCOPE as never) : undefined;
}

export function setScope(scope: TransactionScope | undefined): void {
  ClsServiceManager.getClsService().set(SCOPE as never, scope as never);
}

/** True from BEGIN until COMMIT or ROLLBACK is sent, also in a promise that outlived an inner call: there it is false. */
export function inTransaction(): boolean {
  return !!currentScope()?.isOpen && TransactionHost.getInstance().isTransactionActive();
}

/**
 * Writes inside the running transaction. The commit waits for it, even if the caller does not.
 *
 * @param refusal what to throw where there is no open transaction: the caller's own error says what to do.
 */
export async function writeInTransaction<T>(
  work: (manager: EntityManager) => Promise<T>,
  refusal: () => PikaiaError,
): Promise<T> {
  if (!inTransaction()) throw refusal();
  const { writes } = currentScope()!.root;
  const written = work(TransactionHost.getInstance().tx as EntityManager);
  writes.add(written);
  try {
    return await written;
  } finally {
    writes.delete(written);
  }
}

/**
 * Runs `callback` after the outermost commit; never if the transaction or its savepoint is rolled back.
 * A callback that fails is logged as `after_commit_failed` and changes nothing: the work is committed.
 *
 * @throws PikaiaError `PIKAIA_TRANSACTION_REQUIRED` outside a transaction.
 */
export function afterCommit(callback: Callback): void {
  if (!inTransaction()) {
    throw new PikaiaError('PIKAIA_TRANSACTION_REQUIRED', 'afterCommit was called outside a transaction: add @Transactional().');
  }
  currentScope()!.callbacks.push(callback);
}
