import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { getDataSourceToken } from '@nestjs/typeorm';
import { getLogger } from '@pikaia/logging';
import { TransactionNotStartedError, type DataSource } from 'typeorm';
import { guardStatements, savepointBusy, transactionAborted } from './statement-guard.js';
import { currentScope, setScope } from './transaction.js';
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
        wrapWithTransaction: async (settings, work, setManager) => {
          const scope = new TransactionScope();
          setScope(scope);
          try {
            const result = await options.wrapWithTransaction(settings, work, (manager) => {
              guardStatements(manager!.queryRunner!, scope);
              setManager(manager);
            });
            // Else the callbacks would take the released manager for an active transaction.
            setScope(undefined);
            setManager(undefined);
            await runAll(scope.callbacks);
            return result;
          } catch (error) {
            // TypeORM answers a SAVEPOINT that failed in an aborted transaction by rolling all of it back.
            throw error instanceof TransactionNotStartedError ? transactionAborted(error) : error;
          } finally {
            scope.close();
          }
        },
        wrapWithNestedTransaction: async (settings, work, setManager, manager) => {
          const outer = currentScope()!;
          if (outer.hasOpenSavepoint) throw savepointBusy();
          const scope = new TransactionScope(outer);
          setScope(scope);
          try {
            const result = await outer.count(options.wrapWithNestedTransaction!(settings, work, setManager, manager));
            outer.callbacks.push(...scope.callbacks); // those of a savepoint that was rolled back are dropped with it
            return result;
          } finally {
            scope.close();
          }
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
