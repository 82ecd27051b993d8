import { type DynamicModule, Inject, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { ClsPluginTransactional } from '@nestjs-cls/transactional';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { ClsModule } from 'nestjs-cls';
import type { ClientBase, Pool } from 'pg';
import type { DataSource, EntitySchema, MixedList } from 'typeorm';
import { EXACT_TYPES } from './client/exact-dates.js';
import { DatabaseCheck } from './database.check.js';
import { type DatabaseSettings, DEFAULT_SLOW_QUERY_MS } from './database.settings.js';
import { closeWhenUnresponsive } from './query/unresponsive-connection.js';
import { keepCallerContext, measureQueries } from './query/measured-client.js';
import { prepareStatements } from './query/prepared-statements.js';
import { sendInTurn } from './query/send-in-turn.js';
import { limitSession, logDifferenceOnce } from './query/session-limits.js';
import { TypeOrmLog } from './query/typeorm.log.js';
import { defaultRoles, type RoleNames } from './roles/role-names.js';
import { refusePowerfulRole } from './roles/role-power.js';
import { TransactionAdapter } from './transaction/transaction.adapter.js';

export interface DatabaseModuleOptions {
  readonly settings: DatabaseSettings;
  /** The `application_name` of each connection, such as `pikaia-api`. */
  readonly applicationName: string;
  readonly entities?: MixedList<Function | string | EntitySchema>;
  readonly roles?: RoleNames;
  /**
   * Milliseconds after DATABASE_STATEMENT_TIMEOUT_MS at which a connection is closed if the server sends nothing. Default:
   * 5000. A working server reports the statement timeout before that.
   */
  readonly answerGraceMs?: number;
}

const ROLES = Symbol('pikaia.roles');
const CONNECT_TIMEOUT_MS = 5_000; // a request that gets no connection within this time receives status 503
const DEFAULT_ANSWER_GRACE_MS = 5_000;

/**
 * Ignores an error on an idle connection. The pool removes its error listener before TypeORM adds one. Without this listener,
 * a session that is terminated between the two would end the process. The next statement on the connection fails with the reason.
 */
const ignoreIdleError = (): void => undefined;

@Injectable()
class DataSourceSetup implements OnModuleInit {
  constructor(
    @Inject(getDataSourceToken()) private readonly source: DataSource,
    @Inject(ROLES) private readonly roles: RoleNames,
  ) {}

  onModuleInit(): Promise<void> {
    keepCallerContext((this.source.driver as unknown as { readonly master: Pool }).master);
    return refusePowerfulRole(this.source, this.roles);
  }
}

/**
 * Provides the TypeORM data source, `DatabaseCheck` and `@Transactional()` with Pikaia's transaction guarantees, as a global
 * module. It refuses to start with a role that can change or delete the audit trail.
 */
@Module({})
export class DatabaseModule {
  static forRoot({
    settings,
    applicationName,
    entities = [],
    roles = defaultRoles,
    answerGraceMs = DEFAULT_ANSWER_GRACE_MS,
  }: DatabaseModuleOptions): DynamicModule {
    const limits = {
      statementTimeoutMs: settings.databaseStatementTimeoutMs,
      idleInTransactionTimeoutMs: 2 * settings.databaseStatementTimeoutMs,
    };
    const reportDifference = logDifferenceOnce(limits);
    const typeOrm = TypeOrmModule.forRoot({
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
        onConnect: async (client: ClientBase) => {
          client.on('error', ignoreIdleError);
          const setResponseTimeout = closeWhenUnresponsive(client, CONNECT_TIMEOUT_MS);
          sendInTurn(client);
          if (await limitSession(client, limits, reportDifference)) prepareStatements(client);
          setResponseTimeout(settings.databaseStatementTimeoutMs + answerGraceMs);
          measureQueries(client, settings.logSlowQueryMs ?? DEFAULT_SLOW_QUERY_MS);
        },
      },
    });
    return {
      module: DatabaseModule,
      global: true,
      imports: [
        typeOrm,
        ClsModule.registerPlugins([new ClsPluginTransactional({ imports: [typeOrm], adapter: new TransactionAdapter() })]),
      ],
      providers: [
        { provide: ROLES, useValue: roles },
        DataSourceSetup,
        { provide: DatabaseCheck, useFactory: (source: DataSource) => new DatabaseCheck(source), inject: [getDataSourceToken()] },
      ],
      exports: [typeOrm, DatabaseCheck],
    };
  }
}
