import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { getDataSourceToken } from '@nestjs/typeorm';
import { getLogger } from '@pikaia/logging';
import { ClsServiceManager } from 'nestjs-cls';
import type { DataSource } from 'typeorm';
import { runInSavepoint } from './savepoint.js';
import { guardStatements } from './statement-guard.js';
import { currentScope, setScope } from './transaction.js';
import { transactionEnded, withLostConnection } from './transaction.errors.js';
import { TransactionScope } from './transaction.scope.js';

const logger = getLogger('database');

/**
 * The TypeORM adapter of nestjs-cls, and what it lacks: callbacks after the commit, an end that waits for the writes in
 * flight and lets no later ones through, and no success for a transaction that the server has given up.
 */
export class TransactionAdapter extends TransactionalAdapterTypeOrm {
  constructor() {
    super({ dataSourceToken: getDataSourceToken() });
    const plain = this.optionsFactory;
    this.optionsFactory = (dataSource: DataSource) => {
      const options = plain(dataSource);
      return {
        ...options,
        getFallbackInstance: () => {
          // A promise that outlived its transaction would write without any.
          if (currentScope()?.isOpen === false) throw transactionEnded();
          return options.getFallbackInstance();
        },
        wrapWithTransaction: async (settings, work, setManager) => {
          const scope = new TransactionScope();
          setScope(scope);
          const marked = (): Promise<unknown> =>
            work()
              .catch((error: unknown) => {
                throw withLostConnection(error);
              })
              .finally(() => (scope.over = true));
          const result: unknown = await options.wrapWithTransaction(settings, marked, (manager) => {
            guardStatements(manager!.queryRunner!, scope);
            setManager(manager);
          });
          await ClsServiceManager.getClsService().run({ ifNested: 'inherit' }, () => {
            // Else the callbacks would take the released manager for an active transaction.
            setScope(undefined);
            setManager(undefined);
            return runAll(scope.callbacks);
          });
          return result;
        },
        wrapWithNestedTransaction: async (_settings, work) => {
          const outer = currentScope()!;
          return outer.count(runInSavepoint(outer, setScope, work));
        },
      };
    };
  }
}

async function runAll(callbacks: readonly (() => unknown)[]): Promise<void> {
  for (const callback of callbacks) {
    try {
      await callback();
    } catch (error) {
      logger.exception('after_commit_failed', error);
    }
  }
}
