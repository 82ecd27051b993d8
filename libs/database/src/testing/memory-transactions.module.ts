import { Module } from '@nestjs/common';
import { ClsPluginTransactional } from '@nestjs-cls/transactional';
import { ClsModule } from 'nestjs-cls';
import { MemoryTransactionAdapter } from './memory-transaction.adapter.js';

/**
 * `@Transactional()` without a database, for unit tests: commits, rollbacks, savepoints, `afterCommit` and the checks before a commit work,
 * and nothing is sent. `currentManager()` returns the `EntityManager` that the module under test provides.
 *
 * `@Transactional()` uses the module that was created last in the process. So do not use it next to a `DatabaseModule`.
 */
@Module({ imports: [ClsModule.registerPlugins([new ClsPluginTransactional({ adapter: new MemoryTransactionAdapter() })])] })
export class MemoryTransactionsModule {}
