import { Propagation, TransactionHost } from '@nestjs-cls/transactional';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { currentManager, currentScope, outsideTransaction } from './transaction.js';
import { ownConnectionRefused } from './transaction.errors.js';

const joined = new WeakSet<DataSource>();

/**
 * Makes repositories, managers, query builders and `query()` of `source` join the running transaction, even if they were
 * created before it. Outside a transaction nothing changes.
 *
 * Inside a transaction, `transaction()` of a manager opens a savepoint. `transaction()` and `createQueryRunner()` of the data
 * source are refused, and so is each statement of a query runner that was created outside the transaction.
 *
 * TypeORM gets every connection from `dataSource.createQueryRunner()`. So managers and query builders receive `joining`, a view
 * of the data source whose `createQueryRunner()` returns the runner of the transaction. Callers keep `source`.
 */
export function joinTransactions(source: DataSource): void {
  if (joined.has(source)) return; // two applications of a process can share a data source
  joined.add(source);
  const original = {
    createQueryRunner: source.createQueryRunner.bind(source),
    transaction: source.transaction.bind(source),
    destroy: source.destroy.bind(source),
  };
  const methods = Object.getPrototypeOf(source) as DataSource;
  const joining = Object.create(source) as DataSource;

  joining.createQueryRunner = (mode) => {
    const runner = transactionRunner();
    return runner ? withoutRelease(runner) : ownRunner(mode);
  };
  const ownRunner: DataSource['createQueryRunner'] = (mode) => {
    const runner = original.createQueryRunner(mode);
    return currentScope() ? runner : refuseInTransaction(runner); // with a scope, the runner belongs to a new transaction
  };

  source.createQueryRunner = (mode) => {
    if (transactionRunner()) throw refusal('dataSource.createQueryRunner()');
    return ownRunner(mode);
  };
  source.transaction = async (...args: unknown[]) => {
    if (transactionRunner()) throw refusal('dataSource.transaction()');
    return (original.transaction as (...args: unknown[]) => Promise<never>)(...args);
  };
  // destroy() releases connections until all are released. Inside a transaction, the connection of the transaction is never
  // released.
  source.destroy = () => outsideTransaction(original.destroy);
  source.query = async (sql, parameters, runner) => {
    const scope = currentScope();
    if (scope?.isOpen === false && !runner) throw scope.endError;
    return methods.query.call(joining, sql, parameters, runner) as never;
  };
  source.createQueryBuilder = ((...args: Parameters<DataSource['createQueryBuilder']>) =>
    methods.createQueryBuilder.apply(joining, args)) as DataSource['createQueryBuilder'];
  source.createEntityManager = (runner) => {
    const manager = methods.createEntityManager.call(runner ? source : joining, runner);
    return runner ? manager : nestTransactions(manager);
  };

  replaceSource(source.manager, joining);
  nestTransactions(source.manager);
  if (source.queryResultCache) replaceSource(source.queryResultCache, joining);
}

/** TypeORM 0.3 names the property `connection`. */
const replaceSource = (owner: object, joining: DataSource): object =>
  Object.assign(owner, 'dataSource' in owner ? { dataSource: joining } : { connection: joining });

/** Makes `manager.transaction()` run in a savepoint of the running transaction, if there is one. */
export function nestTransactions(manager: EntityManager): EntityManager {
  const plain = manager.transaction.bind(manager) as (...args: unknown[]) => Promise<unknown>;
  manager.transaction = (async (...args: unknown[]) => {
    if (!transactionRunner()) return plain(...args);
    if (!currentScope()!.isOpen) throw currentScope()!.endError;
    const work = args.at(-1) as (manager: EntityManager) => Promise<unknown>;
    return TransactionHost.getInstance().withTransaction(Propagation.Nested, async () => work(currentManager()));
  }) as EntityManager['transaction'];
  return manager;
}

/** Returns the query runner of the caller's transaction, also after the transaction has ended: then it refuses statements. */
const transactionRunner = (): QueryRunner | undefined => currentScope()?.root.runner;

const refusal = (what: string): Error => (currentScope()!.isOpen ? ownConnectionRefused(what) : currentScope()!.endError);

/** Wraps the runner of the transaction so that `release()` does nothing. TypeORM must not release this connection. */
function withoutRelease(runner: QueryRunner): QueryRunner {
  const release = async (): Promise<void> => undefined;
  return new Proxy(runner, {
    get: (target, key) => (key === 'release' ? release : (Reflect.get(target, key, target) as unknown)),
  });
}

/** Makes a query runner refuse statements inside a transaction, because they would commit independently of it. */
function refuseInTransaction(runner: QueryRunner): QueryRunner {
  const { query, stream } = runner;
  const check = (): void => {
    if (transactionRunner()) throw refusal('A query runner that was created outside the transaction');
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
