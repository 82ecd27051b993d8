import { getLogger } from '@pikaia/logging';
import { ClsServiceManager } from 'nestjs-cls';
import { setScope } from './transaction.js';

const logger = getLogger('database');

/**
 * Runs the callbacks of `afterCommit` outside the transaction that has ended, and logs those that fail.
 *
 * @param setManager sets the manager of the transaction host. Otherwise the callbacks would use the released manager as an active
 * transaction.
 */
export async function runCallbacks(
  callbacks: readonly (() => unknown)[],
  setManager: (manager: undefined) => void,
): Promise<void> {
  await ClsServiceManager.getClsService().run({ ifNested: 'inherit' }, async () => {
    setScope(undefined);
    setManager(undefined);
    for (const callback of callbacks) {
      try {
        await callback();
      } catch (error) {
        logger.exception('after_commit_failed', error);
      }
    }
  });
}
