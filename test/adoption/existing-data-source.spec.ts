import { Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import { AuditModule } from '@pikaia/audit';
import { context } from '@pikaia/core';
import { DatabaseModule, exactTime, grantTables } from '@pikaia/database';
import { EventsModule } from '@pikaia/events';
import { queryStatsFields } from '@pikaia/logging';
import { captureLogs } from '@pikaia/logging/testing';
import { ClsModule } from 'nestjs-cls';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { SHOP_TABLES, Shop, shopDataSource, shopModule, ShopSubscriber } from '../support/adoption/shop.js';
import { connect, createDatabase, type TestDatabase } from '../support/database/database.js';
import { TcpProxy } from '../support/database/tcp.proxy.js';

const SETTINGS = { databasePoolSize: 2, databaseStatementTimeoutMs: 15_000 };

let database: TestDatabase;
let owner: pg.Client;
const apps: INestApplicationContext[] = [];

beforeAll(async () => {
  database = await createDatabase();
  owner = await connect(database.ownerUrl);
  await owner.query(SHOP_TABLES);
  await owner.query(grantTables({ tables: ['shop_order'] }));
});
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));
afterAll(async () => {
  await owner.end();
  await database.drop();
});

async function start(...modules: DynamicModule[]): Promise<INestApplicationContext> {
  @Module({ imports: [...modules, ClsModule.forRoot({ global: true })] })
  class Application {}
  const app = await NestFactory.createApplicationContext(Application, { logger: false, abortOnError: false });
  apps.push(app);
  return app;
}

const libraries = (): DynamicModule[] => [EventsModule.forRoot(), AuditModule.forRoot()];

/** The committed orders, events and audit entries of a customer. */
async function written(customer: string): Promise<{ orders: string; events: string; entries: string }> {
  const { rows } = await owner.query<{ orders: string; events: string; entries: string }>(
    `select (select count(*) from shop_order where customer_name = $1) as orders,
      (select count(*) from outbox.outbox_log where payload::text like '%' || $1 || '%') as events,
      (select count(*) from audit.record where entry like '%' || $1 || '%') as entries`,
    [customer],
  );
  return rows[0]!;
}

const place = (app: INestApplicationContext, customer: string, fail?: boolean) =>
  context.run({ actor: { type: 'user', id: 'u1' }, organizationId: 'o1' }, async () => {
    const order = await app.get(Shop).place(customer, fail);
    return { order, statements: queryStatsFields()['db.query_count'] };
  });

const ORDERS = [
  ['the data source, then DatabaseModule, then the libraries', [0, 1, 2]],
  ['the data source, then the libraries, then DatabaseModule', [0, 2, 1]],
  ['DatabaseModule, then the data source, then the libraries', [1, 0, 2]],
  ['DatabaseModule, then the libraries, then the data source', [1, 2, 0]],
  ['the libraries, then the data source, then DatabaseModule', [2, 0, 1]],
  ['the libraries, then DatabaseModule, then the data source', [2, 1, 0]],
] as const;

describe('DatabaseModule.forExisting', () => {
  it.each(ORDERS)(
    'publishes, records and rolls back together with the repository of the application, which imports %s',
    async (name, order) => {
      const modules = [[shopDataSource(database.apiUrl)], [DatabaseModule.forExisting()], libraries()];
      const app = await start(...order.flatMap((index) => modules[index]!), shopModule());

      const { order: placed, statements } = await place(app, `placed ${name}`);
      expect(await written(`placed ${name}`)).toEqual({ orders: '1', events: '1', entries: '1' });
      expect(ShopSubscriber.inserted).toContain(`placed ${name}`);
      expect(statements).toBeGreaterThanOrEqual(4); // BEGIN, the order, event and entry, COMMIT
      const { rows } = await owner.query<{ time: string }>(
        `select to_char(changed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as time from shop_order where id = $1`,
        [placed.id],
      );
      expect(exactTime(placed.changedAt)).toBe(rows[0]!.time);

      await expect(place(app, `refused ${name}`, true)).rejects.toThrow('the payment is refused');
      expect(await written(`refused ${name}`)).toEqual({ orders: '0', events: '0', entries: '0' });
    },
  );

  it('limits, prepares and measures on the connection that TypeORM opened before, and keeps the options of the application', async () => {
    const app = await start(shopDataSource(database.apiUrl), DatabaseModule.forExisting({ statementTimeoutMs: 700 }), ...libraries(), shopModule()); // prettier-ignore
    const source = app.get<DataSource>(getDataSourceToken());
    const { master } = source.driver as unknown as { master: pg.Pool };
    expect(master.totalCount).toBe(1); // the pool has no other connection
    await place(app, 'prepared');
    using logs = captureLogs();
    const [session] = await source.query<{ prepared: number }[]>(
      `select current_setting('application_name') as name, current_setting('statement_timeout') as statement,
        current_setting('idle_in_transaction_session_timeout') as idle, count(p.name)::int as prepared
       from (select) one left join pg_prepared_statements p on true`,
    );
    expect(session).toEqual({ name: 'shop', statement: '700ms', idle: '1400ms', prepared: session!.prepared });
    expect(session!.prepared).toBeGreaterThan(0);
    await expect(source.query('select pg_sleep(20)')).rejects.toMatchObject({ code: '57014' });
    expect(logs.records.map(({ event }) => event)).toEqual([]); // 700 ms are not slow
    expect(master.totalCount).toBe(1);
  });

  it('logs slow statements without their values', async () => {
    const app = await start(shopDataSource(database.apiUrl), DatabaseModule.forExisting({ slowQueryMs: 50 }));
    using logs = captureLogs();
    await app.get<DataSource>(getDataSourceToken()).query(`select pg_sleep(0.1), 'canary'`);
    expect(logs.one('database_query_slow')).toMatchObject({ 'db.statement': 'select pg_sleep(?), ?' });
  });

  it('fails a query whose connection gets no response to its set-up, and opens a new connection for the next', async () => {
    const proxy = await TcpProxy.start(database.apiUrl);
    const app = await start(shopDataSource(proxy.proxyUrl(database.apiUrl), { poolSize: 2 }), DatabaseModule.forExisting());
    const source = app.get<DataSource>(getDataSourceToken());
    const first = source.createQueryRunner();
    await first.connect(); // takes the only idle connection
    proxy.dropResponsesTo('with session as');
    await expect(source.query('select 1')).rejects.toMatchObject({ code: 'PIKAIA_DATABASE_UNRESPONSIVE' });
    expect(await source.query('select 1 as one')).toEqual([{ one: 1 }]);
    await first.release();
    await app.close();
    apps.length = 0;
    await proxy.stop();
  });

  it('joins the data source that it names, and leaves the default one of the application alone', async () => {
    const other = await createDatabase({ empty: true });
    const app = await start(
      shopDataSource(other.apiUrl, { subscribers: [] }),
      shopDataSource(database.apiUrl, { name: 'orders', subscribers: [] }),
      DatabaseModule.forExisting({ dataSource: 'orders', statementTimeoutMs: 800 }),
      ...libraries(),
      shopModule('orders'),
    );
    await place(app, 'named');
    expect(await written('named')).toEqual({ orders: '1', events: '1', entries: '1' });
    const timeouts = await Promise.all(
      [undefined, 'orders'].map((name) => app.get<DataSource>(getDataSourceToken(name)).query('show statement_timeout')),
    );
    expect(timeouts[1]).toEqual([{ statement_timeout: '800ms' }]);
    expect(timeouts[0]).not.toEqual(timeouts[1]);
    await app.close();
    apps.length = 0;
    await other.drop();
  });

  it('passes the limits, roles and connection of forExistingAsync on', async () => {
    const app = await start(
      shopDataSource(database.apiUrl),
      DatabaseModule.forExistingAsync({ useFactory: async () => Promise.resolve({ statementTimeoutMs: 900 }) }),
      ...libraries(),
      shopModule(),
    );
    await place(app, 'asynchronous');
    expect(await written('asynchronous')).toEqual({ orders: '1', events: '1', entries: '1' });
    expect(await app.get<DataSource>(getDataSourceToken()).query('show statement_timeout')).toEqual([
      { statement_timeout: '900ms' },
    ]);
  });

  it('does not start as the owner of the tables of the libraries', async () => {
    await expect(start(shopDataSource(database.ownerUrl), DatabaseModule.forExisting())).rejects.toMatchObject({
      code: 'PIKAIA_DATABASE_ROLE_TOO_POWERFUL',
    });
  });
});

describe('an application with an unclear data source', () => {
  const forRoot = () =>
    DatabaseModule.forRoot({ settings: { ...SETTINGS, databaseUrl: database.apiUrl }, applicationName: 'spec' });

  it.each([
    ['before', (): DynamicModule[] => [shopDataSource(database.apiUrl), forRoot()]],
    ['after', (): DynamicModule[] => [forRoot(), shopDataSource(database.apiUrl)]],
  ])(
    'does not start with a second default data source %s DatabaseModule.forRoot, and the error says what to do',
    async (_, modules) => {
      await expect(start(...modules())).rejects.toMatchObject({
        code: 'PIKAIA_DATABASE_DATA_SOURCE_DUPLICATE',
        message: expect.stringContaining('use DatabaseModule.forExisting() instead'),
      });
    },
  );

  it('does not start if no data source has the name, and the error lists the names that exist', async () => {
    const modules = [shopDataSource(database.apiUrl, { name: 'orders' }), DatabaseModule.forExisting({ dataSource: 'order' })];
    await expect(start(...modules)).rejects.toMatchObject({
      code: 'PIKAIA_DATABASE_DATA_SOURCE_MISSING',
      message: expect.stringContaining('No module provides the data source "order"; found: orders.'),
    });
  });

  it('does not start without any data source', async () => {
    await expect(start(DatabaseModule.forExisting())).rejects.toMatchObject({
      code: 'PIKAIA_DATABASE_DATA_SOURCE_MISSING',
      message: expect.stringContaining('found: none'),
    });
  });

  it('does not start if the data source is not connected', async () => {
    const modules = [shopDataSource(database.apiUrl, { manualInitialization: true }), DatabaseModule.forExisting()];
    await expect(start(...modules)).rejects.toMatchObject({
      code: 'PIKAIA_DATABASE_DATA_SOURCE_MISSING',
      message: expect.stringContaining('manualInitialization'),
    });
  });

  it('does not start if it imports DatabaseModule twice', async () => {
    const modules = [shopDataSource(database.apiUrl), DatabaseModule.forExisting(), DatabaseModule.forExisting()];
    await expect(start(...modules)).rejects.toMatchObject({ code: 'PIKAIA_TRANSACTION_HOST_DUPLICATE' });
  });
});
