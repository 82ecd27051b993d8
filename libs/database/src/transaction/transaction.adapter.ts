import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { getDataSourceToken } from '@nestjs/typeorm';
import { PikaiaError } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import type { DataSource, QueryRunner } from 'typeorm';
import { currentScope, setScope, TransactionScope } from './transaction.js';

const logger = getLogger('database');

/**
 * The TypeORM adapter of nestjs-cls, and what it lacks: callbacks after the commit, a commit that waits for the writes
 * in flight, and no success for a transaction that the server has given up.
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
              guardEnd(manager!.queryRunner!, scope);
              setManager(manager);
            });
            // Else the callbacks would take the released manager for an active transaction.
            setScope(undefined);
            setManager(undefined);
            await runAll(scope.callbacks);
            return result;
          } finally {
            scope.open = false;
          }
        },
        wrapWithNestedTransaction: async (settings, work, setManager, manager) => {
          const outer = currentScope()!;
          const scope = new TransactionScope(outer);
          setScope(scope);
          try {
            const result = await options.wrapWithNestedTransaction!(settings, work, setManager, manager);
            outer.callbacks.push(...scope.callbacks); // those of a savepoint that was rolled back are dropped with it
            return result;
          } finally {
            scope.open = false;
          }
        },
      };
    };
  }
}

/**
 * A statement fails, its error is swallowed, COMMIT is sent: PostgreSQL answers ROLLBACK, and TypeORM takes that for
 * success. So the answer's command tag decides. (pg's getTransactionStatus() is no help: it lags behind the error.)
 */
function guardEnd(runner: QueryRunner, scope: TransactionScope): void {
  const query = runner.query.bind(runner) as (...args: unknown[]) => Promise<unknown>;
  runner.query = (async (sql: string, ...rest: unknown[]) => {
    if (sql === 'ROLLBACK') scope.open = false;
    if (sql !== 'COMMIT') return query(sql, ...rest);
    await scope.close();
    const client = (await runner.connect()) as { query(sql: string): Promise<{ command: string }> };
    const { command } = await client.query('COMMIT');
    if (command !== 'COMMIT') {
      throw new PikaiaError(
        'PIKAIA_TRANSACTION_ABORTED',
        'A statement of this transaction failed and its error was swallowed, so the server has rolled everything back. Let the error pass, or run the statement in a savepoint (@Transactional(Propagation.Nested)).',
      );
    }
    return undefined;
  }) as QueryRunner['query'];
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
