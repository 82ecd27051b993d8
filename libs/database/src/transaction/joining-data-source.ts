import { Propagation, TransactionHost } from '@nestjs-cls/transactional';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { currentManager, currentScope, outsideTransaction } from './transaction.js';
import { ownConnectionRefused, transactionEnded } from './transaction.errors.js';

/**
 * Lets everything that is made from `source` take part in the running transaction: repositories, managers, query builders
 * and `query()`, also those that were made before it. Outside a transaction nothing changes. Inside one,
 * `transaction()` of a manager is a savepoint; `transaction()` and `createQueryRunner()` of the data source are refused, and so
 * is each statement of a query runner that was made outside.
 *
 * TypeORM's own code asks for a connection in one way, `dataSource.createQueryRunner()`. So managers and query builders get
 * `joining`, a view of the data source whose `createQueryRunner()` answers with the transaction's runner; callers keep `source`.
 */
export function joinTransactions(source: DataSource): void {
  const plain = {
    createQueryRunner: source.createQueryRunner.bind(source),
    transaction: source.transaction.bind(source),
    destroy: source.destroy.bind(source),
  };
  const methods = Object.getPrototypeOf(source) as DataSource;
  const joining = Object.create(source) as DataSource;

  joining.createQueryRunner = (mode) => {
    const runner = transactionRunner();
    return runner ? borrowed(runner) : ownRunner(mode);
  };
  const ownRunner: DataSource['createQueryRunner'] = (mode) => {
    const runner = plain.createQueryRunner(mode);
    return currentScope() ? runner : refuseInside(runner); // with a scope it is that of a transaction which begins
  };

  source.createQueryRunner = (mode) => {
    if (transactionRunner()) throw refusal('dataSource.createQueryRunner()');
    return ownRunner(mode);
  };
  source.transaction = async (...args: unknown[]) => {
    if (transactionRunner()) throw refusal('dataSource.transaction()');
    return (plain.transaction as (...args: unknown[]) => Promise<never>)(...args);
  };
  // Closing gives every connection back and repeats that until it is done. Inside a transaction its connection would stay.
  source.destroy = () => outsideTransaction(plain.destroy);
  source.query = async (sql, parameters, runner) => {
    if (currentScope()?.isOpen === false && !runner) throw transactionEnded();
    return methods.query.call(joining, sql, parameters, runner) as never;
  };
  source.createQueryBuilder = ((...args: Parameters<DataSource['createQueryBuilder']>) =>
    methods.createQueryBuilder.apply(joining, args)) as DataSource['createQueryBuilder'];
  source.createEntityManager = (runner) => {
    const manager = methods.createEntityManager.call(runner ? source : joining, runner);
    return runner ? manager : nestTransactions(manager);
  };

  Object.assign(source.manager, { dataSource: joining });
  nestTransactions(source.manager);
  if (source.queryResultCache) Object.assign(source.queryResultCache, { dataSource: joining });
}

/** Runs `manager.transaction()` in a savepoint of the running transaction, where there is one. */
export function nestTransactions(manager: EntityManager): EntityManager {
  const plain = manager.transaction.bind(manager) as (...args: unknown[]) => Promise<unknown>;
  manager.transaction = (async (...args: unknown[]) => {
    if (!transactionRunner()) return plain(...args);
    if (!currentScope()!.isOpen) throw transactionEnded();
    const work = args.at(-1) as (manager: EntityManager) => Promise<unknown>;
    return TransactionHost.getInstance().withTransaction(Propagation.Nested, async () => work(currentManager()));
  }) as EntityManager['transaction'];
  return manager;
}

/** That of the transaction in whose context the caller runs. After its end it refuses every statement. */
const transactionRunner = (): QueryRunner | undefined => currentScope()?.root.runner;

const refusal = (what: string): Error => (currentScope()!.isOpen ? ownConnectionRefused(what) : transactionEnded());

/** TypeORM releases what it has created; the transaction's connection is not TypeORM's to give back. */
function borrowed(runner: QueryRunner): QueryRunner {
  const release = async (): Promise<void> => undefined;
  return new Proxy(runner, {
    get: (target, key) => (key === 'release' ? release : (Reflect.get(target, key, target) as unknown)),
  });
}

/** Its statements would commit without the transaction in whose context they are sent. */
function refuseInside(runner: QueryRunner): QueryRunner {
  const { query, stream } = runner;
  const check = (): void => {
    if (transactionRunner()) throw refusal('A query runner that was made outside the transaction');
  };
  runner.query = (async (...args: Parameters<QueryRunner['query']>) => {
    check();
    return query.apply(runner, args);
  }) as QueryRunner['query'];
  runner.stream = async (...args) => {
    check();
    return stream.apply(runner, args);
  };
  return runner;
}
