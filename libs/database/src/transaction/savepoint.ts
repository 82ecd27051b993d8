import { savepointOpen, transactionAborted } from './transaction.errors.js';
import { TransactionScope } from './transaction.scope.js';

const IN_FAILED_TRANSACTION = '25P02';

/**
 * Runs `work` in a savepoint of `outer`: takes back its part alone when it fails.
 *
 * Not by TypeORM's nested transactions: their counter goes wrong when a SAVEPOINT fails, which then rolls back the whole
 * transaction, or commits it while it still runs.
 */
export async function runInSavepoint<T>(
  outer: TransactionScope,
  enter: (scope: TransactionScope) => void,
  work: () => Promise<T>,
): Promise<T> {
  if (outer.hasSavepoint) throw savepointOpen();
  const scope = new TransactionScope(outer);
  const { send } = outer.root;
  enter(scope);
  try {
    await send('savepoint pikaia'); // a name may be used again: the newest one counts
    const result = await endWith(scope, work);
    outer.callbacks.push(...scope.callbacks); // those of a savepoint that is rolled back are dropped with it
    return result;
  } finally {
    scope.leave();
  }
}

async function endWith<T>(scope: TransactionScope, work: () => Promise<T>): Promise<T> {
  const { send } = scope.root;
  try {
    const result = await work();
    await scope.finish();
    scope.assertCommittable();
    await send('release savepoint pikaia');
    return result;
  } catch (error) {
    await scope.abandon();
    scope.assertNotEndedBySql();
    scope.root.ownRollbacks++;
    await send('rollback to savepoint pikaia; release savepoint pikaia');
    throw (error as { code?: string }).code === IN_FAILED_TRANSACTION ? transactionAborted(error) : error;
  }
}
