import { savepointOpen, transactionAborted } from './transaction.errors.js';
import { TransactionScope } from './transaction.scope.js';

const IN_FAILED_TRANSACTION = '25P02';

/**
 * Runs `work` in a savepoint of `outer`. If it fails, only its own writes are rolled back.
 *
 * It does not use the nested transactions of TypeORM. TypeORM counts savepoints, and the count becomes wrong when a SAVEPOINT
 * statement fails. Then it rolls back the whole transaction or commits it while it is still running.
 */
export async function runInSavepoint<T>(
  outer: TransactionScope,
  enter: (scope: TransactionScope) => void,
  work: () => Promise<T>,
): Promise<T> {
  if (outer.hasSavepoint) throw savepointOpen();
  const scope = new TransactionScope(outer);
  const { sendUnguarded } = outer.root;
  enter(scope);
  try {
    await outer.sendDeferred(); // keeps the order of the writes
    await sendUnguarded('savepoint pikaia'); // a name can be reused; the server refers to the newest savepoint
    const result = await runAndEnd(scope, work);
    // A rollback skips these lines, and so drops the callbacks and records.
    for (const callback of scope.callbacks) outer.callbacks.push(callback);
    for (const record of scope.records) outer.records.push(record);
    return result;
  } finally {
    scope.detach();
  }
}

async function runAndEnd<T>(scope: TransactionScope, work: () => Promise<T>): Promise<T> {
  const { sendUnguarded } = scope.root;
  try {
    const result = await work();
    await scope.finish();
    scope.assertCommittable();
    await scope.sendDeferred();
    await sendUnguarded('release savepoint pikaia');
    return result;
  } catch (error) {
    await scope.abandon();
    scope.assertNotEndedEarly();
    scope.root.expectedRollbackTags++;
    await sendUnguarded('rollback to savepoint pikaia; release savepoint pikaia');
    throw (error as { code?: string } | null | undefined)?.code === IN_FAILED_TRANSACTION ? transactionAborted(error) : error;
  }
}
