import { type DynamicModule, Inject, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { ClsPluginTransactional } from '@nestjs-cls/transactional';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { ClsModule } from 'nestjs-cls';
import type { ClientBase, Pool } from 'pg';
import type { DataSource, EntitySchema, MixedList } from 'typeorm';
import { DatabaseCheck } from './database.check.js';
import { type DatabaseSettings, SLOW_QUERY_MS } from './database.settings.js';
import { limitSilence } from './query/answer-limit.js';
import { keepContext, measureQueries } from './query/measured-client.js';
import { prepareOftenSent } from './query/prepared-statements.js';
import { sendInTurn } from './query/send-in-turn.js';
import { TypeOrmLog } from './query/typeorm.log.js';
import { defaultRoles, type RoleNames } from './roles/role-names.js';
import { refusePowerfulRole } from './roles/role-power.js';
import { TransactionAdapter } from './transaction/transaction.adapter.js';

export interface DatabaseModuleOptions {
  readonly settings: DatabaseSettings;
  /** Shown by the server for each connection, `pikaia-api`. */
  readonly applicationName: string;
  readonly entities?: MixedList<Function | string | EntitySchema>;
  readonly roles?: RoleNames;
  /**
   * Milliseconds beyond DATABASE_STATEMENT_TIMEOUT_MS after which a connection is closed whose server sends nothing. Default
   * 5 000. A server that is alive reports an error before that.
   */
  readonly answerGraceMs?: number;
}

const ROLES = Symbol('pikaia.roles');
const CONNECT_TIMEOUT_MS = 5_000; // a request that gets no connection within it is answered 503
const ANSWER_GRACE_MS = 5_000;

/**
 * Pool and TypeORM hand the listener for a broken connection over with a gap between them: a session that is ended while
 * its connection changes hands would end the process. The next statement on the connection fails and says why.
 */
const whoUsesItIsTold = (): void => undefined;

@Injectable()
class DataSourceSetup implements OnModuleInit {
  constructor(
    @Inject(getDataSourceToken()) private readonly source: DataSource,
    @Inject(ROLES) private readonly roles: RoleNames,
  ) {}

  onModuleInit(): Promise<void> {
    keepContext((this.source.driver as unknown as { readonly master: Pool }).master);
    return refusePowerfulRole(this.source, this.roles);
  }
}

/** TypeORM's data source, `@Transactional()` with what its adapter lacks, and the refusal to run as too powerful a role. */
@Module({})
export class DatabaseModule {
  static forRoot({
    settings,
    applicationName,
    entities = [],
    roles = defaultRoles,
    answerGraceMs = ANSWER_GRACE_MS,
  }: DatabaseModuleOptions): DynamicModule {
    const typeOrm = TypeOrmModule.forRoot({
      type: 'postgres',
      url: settings.databaseUrl,
      entities,
      toRetry: () => false, // what starts the process decides about trying again, and says why it failed
      logging: false,
      logger: new TypeOrmLog(),
      extra: {
        max: settings.databasePoolSize,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        statement_timeout: settings.databaseStatementTimeoutMs,
        idle_in_transaction_session_timeout: 2 * settings.databaseStatementTimeoutMs,
        application_name: applicationName,
        keepAlive: true,
        onConnect: async (client: ClientBase) => {
          client.on('error', whoUsesItIsTold);
          const setLimit = limitSilence(client, CONNECT_TIMEOUT_MS);
          sendInTurn(client);
          await prepareOftenSent(client);
          setLimit(settings.databaseStatementTimeoutMs + answerGraceMs);
          measureQueries(client, settings.logSlowQueryMs ?? SLOW_QUERY_MS);
        },
      },
    });
    return {
      module: DatabaseModule,
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
