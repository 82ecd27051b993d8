import { TransactionHost } from '@nestjs-cls/transactional';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { getDataSourceToken } from '@nestjs/typeorm';
import { PikaiaError } from '@pikaia/core';
import { currentQueryStats } from '@pikaia/logging';
import type { DataSource, QueryRunner } from 'typeorm';
import './caller-context.js';
import { watchJoinedCalls } from './joined-calls.js';
import { joinTransactions, nestTransactions } from './joining-data-source.js';
import { runCallbacks } from './run-callbacks.js';
import { runInSavepoint } from './savepoint.js';
import { guardStatements } from './statement-guard.js';
import { currentScope, refuseAfterAbort, setScope } from './transaction.js';
import { withLostConnection } from './transaction.errors.js';
import { TransactionScope } from './transaction.scope.js';

/**
 * The TypeORM adapter of nestjs-cls with three additions. It runs callbacks after the commit. The end of a transaction waits for
 * writes in flight and refuses later writes. A transaction that the server has rolled back never counts as a success.
 */
export class TransactionAdapter extends TransactionalAdapterTypeOrm {
  /** @param dataSourceToken the token of the data source. Default: the data source of TypeOrmModule without a name. */
  constructor(dataSourceToken: unknown = getDataSourceToken()) {
    super({ dataSourceToken });
    const original = this.optionsFactory;
    this.optionsFactory = (dataSource: DataSource) => {
      const options = original(dataSource);
      joinTransactions(dataSource);
      return {
        ...options,
        getFallbackInstance: () => {
          // A promise that outlives its transaction would write outside any transaction.
          const scope = currentScope();
          if (scope?.isOpen === false) throw scope.endError;
          return options.getFallbackInstance();
        },
        wrapWithTransaction: async (settings, work, setManager) => {
          watchJoinedCalls(TransactionHost.getInstance());
          refuseAfterAbort();
          const scope = new TransactionScope();
          setScope(scope);
          let runner!: QueryRunner;
          const stats = currentQueryStats();
          let begun = false;
          const guardedWork = async (): Promise<unknown> => {
            begun = true;
            stats?.beginTransaction(performance.now());
            try {
              await guardStatements(runner, scope);
              return await work();
            } catch (error) {
              throw scope.endedEarly ? withCause(scope.endedEarly, error) : withLostConnection(error, scope.lostBy);
            } finally {
              scope.methodEnded = true;
            }
          };
          const result: unknown = await options
            .wrapWithTransaction(settings, guardedWork, (manager) => {
              runner = manager!.queryRunner!;
              setManager(nestTransactions(manager!));
            })
            .finally(() => begun && stats?.endTransaction(performance.now()));
          await runCallbacks(scope.callbacks, setManager);
          return result;
        },
        wrapWithNestedTransaction: async (_settings, work) => {
          const outer = currentScope()!;
          return outer.track(runInSavepoint(outer, setScope, work));
        },
      };
    };
  }
}

const withCause = (error: PikaiaError, cause: unknown): PikaiaError =>
  error === cause ? error : new PikaiaError(error.code, error.message, { cause });
