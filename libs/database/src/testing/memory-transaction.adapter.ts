import { ModuleRef } from '@nestjs/core';
import { TransactionHost, type TransactionalAdapter } from '@nestjs-cls/transactional';
import { PikaiaError } from '@pikaia/core';
import { EntityManager } from 'typeorm';
import { runCommitChecks } from '../transaction/commit-check.js';
import { watchJoinedCalls } from '../transaction/joined-calls.js';
import { runCallbacks } from '../transaction/run-callbacks.js';
import { runInSavepoint } from '../transaction/savepoint.js';
import { currentScope, setScope } from '../transaction/transaction.js';
import { TransactionScope } from '../transaction/transaction.scope.js';

/** Runs transactions in memory: the same scopes and checks as `TransactionAdapter`, and no connection. */
export class MemoryTransactionAdapter implements TransactionalAdapter<object, EntityManager, object> {
  readonly connection = {};
  readonly extraProviderTokens = [ModuleRef];

  readonly optionsFactory: TransactionalAdapter<object, EntityManager, object>['optionsFactory'] = (
    _connection,
    [module]: ModuleRef[],
  ) => {
    const currentManager = (): EntityManager => managerOf(module!);
    return {
      getFallbackInstance: currentManager,
      wrapWithTransaction: async (_options, work, setManager) => {
        watchJoinedCalls(TransactionHost.getInstance());
        const scope = new TransactionScope();
        scope.sendUnguarded = async () => undefined;
        setScope(scope);
        setManager(currentManager());
        let result: unknown;
        try {
          result = await work();
          await scope.finish();
          scope.assertCommittable();
          runCommitChecks(scope.records);
        } catch (error) {
          await scope.abandon();
          throw error;
        }
        await runCallbacks(scope.callbacks, setManager);
        return result;
      },
      wrapWithNestedTransaction: async (_options, work) => {
        const outer = currentScope()!;
        return outer.track(runInSavepoint(outer, setScope, work));
      },
    };
  };
}

/** The manager that the module under test provides, or one that explains its absence. */
function managerOf(module: ModuleRef): EntityManager {
  try {
    return module.get(EntityManager, { strict: false });
  } catch {
    return absentManager; // Nest throws if there is no such provider
  }
}

const absentManager = new Proxy({} as EntityManager, {
  get(_, property) {
    if (typeof property === 'symbol' || property === 'then') return undefined; // what `await` and inspection read
    throw new PikaiaError(
      'PIKAIA_TESTING_NO_MANAGER',
      `The code under test used ${property} of currentManager(), and this test has no database. Provide a fake: { provide: EntityManager, useValue: fake }, or test it with a database.`,
    );
  },
});
