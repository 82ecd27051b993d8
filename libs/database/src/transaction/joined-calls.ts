import { Propagation, TransactionHost } from '@nestjs-cls/transactional';
import { currentScope, inTransaction, setScope } from './transaction.js';

const JOINS = new Set<unknown>([Propagation.Required, Propagation.Mandatory, Propagation.Supports]);
const known = new WeakSet<TransactionHost>();

/**
 * Adds to the transaction host what an adapter cannot: a call that joins the running transaction and throws makes it
 * rollback-only, and one that runs without the transaction does not join it through an injected repository either.
 */
export function watchJoinedCalls(host: TransactionHost): void {
  if (known.has(host)) return;
  known.add(host);
  const withTransaction = host.withTransaction.bind(host) as (...args: unknown[]) => Promise<unknown>;
  host.withTransaction = ((...args: unknown[]) => {
    const propagation = typeof args[0] === 'string' ? args[0] : Propagation.Required;
    if (!JOINS.has(propagation) || !inTransaction()) return withTransaction(...args);
    return rollbackOnlyIfItFails(() => withTransaction(...args));
  }) as TransactionHost['withTransaction'];
  const withoutTransaction = host.withoutTransaction.bind(host);
  host.withoutTransaction = (work) =>
    withoutTransaction(() => {
      // A promise that outlived its transaction stays refused.
      if (currentScope()?.isOpen) setScope(undefined);
      return work();
    });
}

async function rollbackOnlyIfItFails<T>(call: () => Promise<T>): Promise<T> {
  const scope = currentScope()!;
  try {
    return await call();
  } catch (error) {
    scope.markRollbackOnly(error);
    throw error;
  }
}
