import { Propagation, TransactionHost } from '@nestjs-cls/transactional';
import { currentScope, inTransaction, setScope } from './transaction.js';

const JOINING_PROPAGATIONS = new Set<unknown>([Propagation.Required, Propagation.Mandatory, Propagation.Supports]);
const watchedHosts = new WeakSet<TransactionHost>();

/**
 * Adds two guarantees to the transaction host that an adapter cannot add. A call that joins the running transaction and throws
 * makes the transaction rollback-only. A call that runs without the transaction does not join it through an injected repository.
 */
export function watchJoinedCalls(host: TransactionHost): void {
  if (watchedHosts.has(host)) return;
  watchedHosts.add(host);
  const withTransaction = host.withTransaction.bind(host) as (...args: unknown[]) => Promise<unknown>;
  host.withTransaction = ((...args: unknown[]) => {
    const propagation = typeof args[0] === 'string' ? args[0] : Propagation.Required;
    if (!JOINING_PROPAGATIONS.has(propagation) || !inTransaction()) return withTransaction(...args);
    return markRollbackOnlyOnError(() => withTransaction(...args));
  }) as TransactionHost['withTransaction'];
  const withoutTransaction = host.withoutTransaction.bind(host);
  host.withoutTransaction = (work) =>
    withoutTransaction(() => {
      // Keep the scope of a transaction that has ended, so that a late promise is still refused.
      if (currentScope()?.isOpen) setScope(undefined);
      return work();
    });
}

async function markRollbackOnlyOnError<T>(call: () => Promise<T>): Promise<T> {
  const scope = currentScope()!;
  try {
    return await call();
  } catch (error) {
    scope.markRollbackOnly(error);
    throw error;
  }
}
