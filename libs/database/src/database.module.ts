import { ConfigurableModuleBuilder, type ConfigurableModuleAsyncOptions, type DynamicModule, Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { requireModuleOptions } from '@pikaia/core';
import { ClsPluginTransactional } from '@nestjs-cls/transactional';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { ClsModule } from 'nestjs-cls';
import type { DataSource, EntitySchema, MixedList } from 'typeorm';
import { EXACT_TYPES } from './client/exact-dates.js';
import { DATA_SOURCE } from './data-source/database.access.js';
import { databaseMissing, isDatabaseOpened } from './data-source/database-access.module.js';
import { DataSourceModule, type RoleOptions } from './data-source/data-source.module.js';
import { adoptDataSource } from './data-source/existing-data-source.js';
import { DatabaseCheck } from './database.check.js';
import { type DatabaseSettings, DEFAULT_SLOW_QUERY_MS, DEFAULT_STATEMENT_TIMEOUT_MS } from './database.settings.js';
import { CONNECT_TIMEOUT_MS, connectionSetup } from './query/connection-setup.js';
import { TypeOrmLog } from './query/typeorm.log.js';
import { TransactionAdapter } from './transaction/transaction.adapter.js';

export interface DatabaseModuleOptions extends RoleOptions {
  readonly settings: DatabaseSettings;
  /** The `application_name` of each connection, such as `pikaia-api`. */
  readonly applicationName: string;
  readonly entities?: MixedList<Function | string | EntitySchema>;
  /**
   * Milliseconds after DATABASE_STATEMENT_TIMEOUT_MS at which a connection is closed if the server sends nothing. Default:
   * 5000. A working server reports the statement timeout before that.
   */
  readonly answerGraceMs?: number;
}

export interface ExistingDataSourceOptions extends RoleOptions {
  /** Milliseconds after which the server cancels a statement, unless the role has a stricter limit. Default: 15000. */
  readonly statementTimeoutMs?: number;
  /** Milliseconds after which a statement is logged as slow. Default: 1000. */
  readonly slowQueryMs?: number;
  /** Milliseconds after `statementTimeoutMs` at which a connection is closed if the server sends nothing. Default: 5000. */
  readonly answerGraceMs?: number;
}

export interface DataSourceName {
  /** The name that the application gave its data source in TypeOrmModule. Default: the data source without a name. */
  readonly dataSource?: string;
}

const DEFAULT_ANSWER_GRACE_MS = 5_000;

const root = new ConfigurableModuleBuilder<DatabaseModuleOptions>().setClassMethodName('forRoot').build();
const existing = new ConfigurableModuleBuilder<ExistingDataSourceOptions>().setClassMethodName('forRoot').build();

@Module({ exports: [root.MODULE_OPTIONS_TOKEN] })
class RootOptions extends root.ConfigurableModuleClass {}

@Module({ exports: [existing.MODULE_OPTIONS_TOKEN] })
class ExistingOptions extends existing.ConfigurableModuleClass {}

/**
 * Provides `DatabaseCheck` and `@Transactional()` with Pikaia's transaction guarantees, as a global module: with its own TypeORM data
 * source (`forRoot`), or with one of the application's `TypeOrmModule` (`forExisting`). It refuses to start with a role that can change
 * or delete the audit trail.
 */
@Module({})
export class DatabaseModule {
  constructor(modules: ModulesContainer) {
    if (!isDatabaseOpened(modules)) throw databaseMissing();
  }

  /** Opens the data source of the application. */
  static forRoot(options: DatabaseModuleOptions): DynamicModule {
    return withOwnDataSource(RootOptions.forRoot(options));
  }

  static forRootAsync(options: ConfigurableModuleAsyncOptions<DatabaseModuleOptions>): DynamicModule {
    return withOwnDataSource(RootOptions.forRootAsync(options));
  }

  /**
   * Joins a data source of the application, which its `TypeOrmModule.forRoot` or `forRootAsync` opens. The order of the imports does not
   * matter. Transactions, repositories and queries then behave as with `forRoot`. The application keeps its other data sources, and
   * decides about the pool, TLS, `application_name` and logging of this one.
   */
  static forExisting({ dataSource, ...options }: ExistingDataSourceOptions & DataSourceName = {}): DynamicModule {
    return withExistingDataSource(dataSource, ExistingOptions.forRoot(options));
  }

  static forExistingAsync({
    dataSource,
    ...options
  }: ConfigurableModuleAsyncOptions<ExistingDataSourceOptions> & DataSourceName): DynamicModule {
    return withExistingDataSource(dataSource, ExistingOptions.forRootAsync(options));
  }
}

function withOwnDataSource(options: DynamicModule): DynamicModule {
  const typeOrm = TypeOrmModule.forRootAsync({
    imports: [options],
    inject: [root.MODULE_OPTIONS_TOKEN],
    useFactory: typeOrmOptions,
  });
  const source = DataSourceModule.register<DatabaseModuleOptions>({
    name: undefined,
    imports: [options, typeOrm],
    optionsToken: root.MODULE_OPTIONS_TOKEN,
    prepare: (dataSource) => adoptDataSource(dataSource), // its pool sets up the connections itself
  });
  return databaseModule(source, [typeOrm]);
}

function withExistingDataSource(name: string | undefined, options: DynamicModule): DynamicModule {
  const source = DataSourceModule.register<ExistingDataSourceOptions>({
    name,
    imports: [options],
    optionsToken: existing.MODULE_OPTIONS_TOKEN,
    prepare: (dataSource, given) =>
      adoptDataSource(dataSource, {
        statementTimeoutMs: given.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS,
        slowQueryMs: given.slowQueryMs ?? DEFAULT_SLOW_QUERY_MS,
        answerGraceMs: given.answerGraceMs ?? DEFAULT_ANSWER_GRACE_MS,
      }),
  });
  return databaseModule(source, []);
}

function databaseModule(source: DynamicModule, reexported: readonly DynamicModule[]): DynamicModule {
  const transactions = new ClsPluginTransactional({ imports: [source], adapter: new TransactionAdapter(DATA_SOURCE) });
  return {
    module: DatabaseModule,
    global: true,
    imports: [source, ...reexported, ClsModule.registerPlugins([transactions])],
    providers: [
      { provide: DatabaseCheck, useFactory: (dataSource: DataSource) => new DatabaseCheck(dataSource), inject: [DATA_SOURCE] },
    ],
    exports: [source, ...reexported, DatabaseCheck],
  };
}

function typeOrmOptions(options: DatabaseModuleOptions): TypeOrmModuleOptions {
  requireModuleOptions('DatabaseModule', options, ['settings.databaseUrl', 'applicationName']); // pg would connect to localhost
  const { settings, applicationName, entities = [], answerGraceMs = DEFAULT_ANSWER_GRACE_MS } = options;
  return {
    type: 'postgres',
    url: settings.databaseUrl,
    entities,
    toRetry: () => false, // the code that starts the process decides about retries and reports the failure
    logging: false,
    logger: new TypeOrmLog(),
    extra: {
      max: settings.databasePoolSize,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      application_name: applicationName,
      keepAlive: true,
      types: EXACT_TYPES,
      onConnect: connectionSetup({
        statementTimeoutMs: settings.databaseStatementTimeoutMs,
        slowQueryMs: settings.logSlowQueryMs ?? DEFAULT_SLOW_QUERY_MS,
        answerGraceMs,
      }),
    },
  };
}
