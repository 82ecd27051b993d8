import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import { TransactionHost } from '@nestjs-cls/transactional';
import { context, loadSettings } from '@pikaia/core';
import { queryStatsFields } from '@pikaia/logging';
import { captureLogs } from '@pikaia/logging/testing';
import { ClsModule } from 'nestjs-cls';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { createDatabase, executeSql, type TestDatabase } from '../../../test/support/database/database.js';
import { TcpProxy } from '../../../test/support/database/tcp.proxy.js';
import { waitFor } from '../../../test/support/time/wait-for.js';
import { DatabaseModule } from './database.module.js';
import { DatabaseSettings } from './database.settings.js';
import { preparedStatement } from './query/prepared-statements.js';
import type { TransactionAdapter } from './transaction/transaction.adapter.js';

const OFTEN = preparedStatement('spec-often', 'select $1::int as often');

let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
});

afterAll(() => database.drop());

const start = (url: string) => {
  const environment = { DATABASE_URL: url, DATABASE_STATEMENT_TIMEOUT_MS: '1000', LOG_SLOW_QUERY_MS: '250' };
  const [settings] = loadSettings([DatabaseSettings], environment);
  @Module({
    imports: [ClsModule.forRoot({ global: true }), DatabaseModule.forRoot({ settings, applicationName: 'pikaia-spec' })],
  })
  class SpecModule {}
  return NestFactory.createApplicationContext(SpecModule, { logger: false, abortOnError: false });
};

describe('DatabaseModule', () => {
  it.each(['apiUrl', 'workerUrl'] as const)(
    'starts with %s and sets application name and timeouts on the server',
    async (url) => {
      const app = await start(database[url]);
      const source = app.get<DataSource>(getDataSourceToken());
      expect(
        await source.query(`select current_setting('application_name') as name, current_setting('statement_timeout') as statement,
        current_setting('idle_in_transaction_session_timeout') as idle`),
      ).toEqual([{ name: 'pikaia-spec', statement: '1s', idle: '2s' }]);
      await expect(source.query('select pg_sleep(20)')).rejects.toMatchObject({ code: '57014' });
      await app.close();
    },
  );

  it('keeps a stricter limit of the role, replaces a looser one, and logs the difference once', async () => {
    const role = `pikaia_api in database ${new URL(database.ownerUrl).pathname.slice(1)}`;
    const alter = (setting: string) => executeSql(database.ownerUrl, `alter role ${role} ${setting}`);
    await alter("set idle_in_transaction_session_timeout = '1500ms'");
    await alter("set statement_timeout = '1h'");
    using logs = captureLogs();
    const app = await start(database.apiUrl);
    const source = app.get<DataSource>(getDataSourceToken());
    const read = `select current_setting('statement_timeout') as statement, current_setting('idle_in_transaction_session_timeout') as idle`;
    expect(await Promise.all([source.query(read), source.query(read)])).toEqual(
      Array(2).fill([{ statement: '1s', idle: '1500ms' }]),
    );
    await app.close();
    await alter('reset idle_in_transaction_session_timeout');
    await alter('reset statement_timeout');
    expect(logs.records.filter(({ event }) => event === 'database_limits_differ')).toEqual([
      expect.objectContaining({
        direct: true,
        statement_timeout_ms: 1000,
        idle_in_transaction_timeout_ms: 1500,
        wanted_idle_in_transaction_timeout_ms: 2000,
        hint: expect.stringContaining('DATABASE_STATEMENT_TIMEOUT_MS'),
      }),
    ]);
  });

  it('keeps the process alive when a session is terminated before TypeORM listens for errors', async () => {
    const app = await start(database.apiUrl);
    const { master } = app.get<DataSource>(getDataSourceToken()).driver as unknown as { master: pg.Pool };
    const outcome = await new Promise((settle) => {
      // In this callback the pool has removed its error listener, and TypeORM has not added one.
      master.connect((_, client, release) => {
        try {
          client!.emit('error', new Error('terminating connection due to administrator command'));
          settle('alive');
        } catch (error) {
          settle(error);
        } finally {
          release(true);
        }
      });
    });
    expect(outcome).toBe('alive');
    await app.close();
  });

  it('rejects a query when the server accepts its connection and then sends nothing, and opens a new one for the next', async () => {
    const proxy = await TcpProxy.start(database.apiUrl);
    const app = await start(proxy.proxyUrl(database.apiUrl));
    const source = app.get<DataSource>(getDataSourceToken());
    const first = source.createQueryRunner();
    await first.connect(); // takes the only idle connection
    proxy.dropResponsesTo('with session as');
    await expect(source.query('select 1')).rejects.toMatchObject({ code: 'PIKAIA_DATABASE_UNRESPONSIVE' });
    expect(await source.query('select 1 as one')).toEqual([{ one: 1 }]);
    await first.release();
    await app.close();
    await proxy.stop();
  });

  it('closes while a statement waits for a response', async () => {
    const proxy = await TcpProxy.start(database.apiUrl);
    const app = await start(proxy.proxyUrl(database.apiUrl));
    const source = app.get<DataSource>(getDataSourceToken());
    proxy.dropResponsesTo('select 1');
    const unanswered = expect(source.query('select 1')).rejects.toThrow();
    await waitFor('the statement is sent', () => proxy.connectionsWithoutResponses);
    await app.close();
    await unanswered;
    await proxy.stop();
  });

  it('closes while a transaction is open, and does not commit the transaction', async () => {
    const app = await start(database.apiUrl);
    const host = app.get<TransactionHost<TransactionAdapter>>(TransactionHost);
    const begun = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    const work = host.withTransaction(async () => {
      await host.tx.query('select 1');
      begun.resolve();
      await closed.promise;
      await host.tx.query('select 1');
    });
    const refused = expect(work).rejects.toThrow();
    await begun.promise;
    await app.close();
    closed.resolve();
    await refused;
  });

  it('closes when a transaction closes the data source, and does not commit that transaction', async () => {
    const app = await start(database.apiUrl);
    const source = app.get<DataSource>(getDataSourceToken());
    const host = app.get<TransactionHost<TransactionAdapter>>(TransactionHost);
    const work = host.withTransaction(async () => {
      await host.tx.query('select 1');
      await host.tx.dataSource.destroy();
    });
    await expect(work).rejects.toMatchObject({ code: 'PIKAIA_DATABASE_CONNECTION_LOST' });
    expect(source.isInitialized).toBe(false);
    await app.close();
  });

  it('prepares a statement that is declared with preparedStatement in a transaction of TypeORM', async () => {
    const app = await start(database.apiUrl);
    const prepared = await app.get<DataSource>(getDataSourceToken()).transaction(async (manager) => {
      await manager.query(OFTEN, [1]);
      await manager.query('select $1::int as seldom', [1]);
      return manager.query<{ name: string }[]>('select name from pg_prepared_statements');
    });
    expect(prepared).toEqual([{ name: 'spec-often' }]);
    await app.close();
  });

  it('counts all statements of TypeORM, including BEGIN and COMMIT, and logs only slow statements', async () => {
    const app = await start(database.apiUrl);
    const source = app.get<DataSource>(getDataSourceToken());
    using logs = captureLogs();
    const parallel = [0, 1, 2].map((extra) =>
      context.run({ organizationId: String(extra) }, async () => {
        await source.transaction(async (manager) => {
          await manager.query('select $1::text', ['canary']);
          for (let index = 0; index < extra; index++) await manager.query("select pg_sleep(0.3), 'canary'");
        });
        await source.query('select nonsense').catch(() => undefined);
        return queryStatsFields()['db.query_count'];
      }),
    );
    expect(await Promise.all(parallel)).toEqual([4, 5, 6]);
    expect(logs.records.map((line) => [line.event, line['organization.id'], line['db.statement']]).sort()).toEqual([
      ['database_query_slow', '1', 'select pg_sleep(?), ?'],
      ['database_query_slow', '2', 'select pg_sleep(?), ?'],
      ['database_query_slow', '2', 'select pg_sleep(?), ?'],
    ]);
    await app.close();
  });

  it('does not start with the role of the owner', async () => {
    await expect(start(database.ownerUrl)).rejects.toMatchObject({ code: 'PIKAIA_DATABASE_ROLE_TOO_POWERFUL' });
  });
});
