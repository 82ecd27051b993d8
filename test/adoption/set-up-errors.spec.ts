import { Injectable, Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import { AuditModule } from '@pikaia/audit';
import { loadSettings } from '@pikaia/core';
import { DatabaseModule, DatabaseSettings, type DatabaseModuleOptions } from '@pikaia/database';
import {
  Consumer,
  DomainEvent,
  Events,
  EventsModule,
  Handles,
  OperationsAudit,
  OutboxAdminModule,
  OutboxSettings,
  QueueModule,
  RelayModule,
  type OutboxAdminModuleOptions,
  type RelayModuleOptions,
} from '@pikaia/events';
import { LoggingModule } from '@pikaia/logging';
import { ClsModule } from 'nestjs-cls';
import { shopDataSource } from '../support/adoption/shop.js';
import { createDatabase, type TestDatabase } from '../support/database/database.js';

class NoAudit extends OperationsAudit {
  record(): Promise<void> {
    return Promise.resolve();
  }
}

@DomainEvent('shop_cart.emptied', { version: 1, aggregate: 'shop_cart' })
class ShopCartEmptied {}

@Consumer('shop-carts', { from: 'now' })
class ShopCarts {
  @Handles(ShopCartEmptied, { effect: 'database' })
  count(): void {}
}

@Injectable()
class Publisher {
  constructor(readonly events: Events) {}
}

type Import = DynamicModule | Type;

let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

async function start(imports: readonly Import[], providers: readonly Type[] = []): Promise<void> {
  @Module({ imports: [...imports], providers: [...providers] })
  class Application {}
  const app = await NestFactory.createApplicationContext(Application, { logger: false, abortOnError: false });
  await app.close();
}

const cls = (): DynamicModule => ClsModule.forRoot({ global: true });
const ownDatabase = (url = database.workerUrl): DynamicModule =>
  DatabaseModule.forRoot({ settings: loadSettings([DatabaseSettings], { DATABASE_URL: url })[0], applicationName: 'shop' });
const relay = (): DynamicModule => RelayModule.forRoot({ settings: loadSettings([OutboxSettings], { EVENT_SINKS: 'local' })[0] });
const cursorKey = 'a key of the specs, 32 characters';

const MISSING = {
  code: 'PIKAIA_DATABASE_MODULE_MISSING',
  message:
    'No module provides the database. Import DatabaseModule.forRoot(…) or, in an application that has a TypeOrmModule, DatabaseModule.forExisting(…) of @pikaia/database in the root module.',
};

describe('an application without DatabaseModule', () => {
  it.each<[string, () => Import]>([
    ['EventsModule', () => EventsModule.forRoot()],
    ['AuditModule', () => AuditModule.forRoot({ cursorKey })],
    ['RelayModule', relay],
    ['QueueModule', () => QueueModule.forRoot({ consumer: ShopCarts })],
    ['OutboxAdminModule', () => OutboxAdminModule.forRoot({ audit: NoAudit, cursorKey })],
  ])('does not start with %s, and the error says what to import', async (_, create) => {
    await expect(start([cls(), create()], [ShopCarts])).rejects.toMatchObject(MISSING);
  });

  it('gets this error in any order of its imports', async () => {
    const modules = [cls(), LoggingModule.forRoot(), EventsModule.forRoot(), AuditModule.forRoot(), relay()];
    for (const [index] of modules.entries()) {
      const order = [...modules.slice(index), ...modules.slice(0, index)];
      await expect(start(order, [Publisher, ShopCarts])).rejects.toMatchObject(MISSING);
      await expect(start(order.toReversed(), [Publisher, ShopCarts])).rejects.toMatchObject(MISSING);
    }
  });

  it('is told to install one version if its DatabaseModule belongs to another copy of the package', async () => {
    const otherAccess = Symbol('pikaia.opened-access');
    @Module({ providers: [{ provide: otherAccess, useValue: {} }], exports: [otherAccess] })
    class OtherDatabaseModule {}
    await expect(start([cls(), OtherDatabaseModule, EventsModule.forRoot()])).rejects.toMatchObject({
      code: 'PIKAIA_DATABASE_MODULE_MISSING',
      message: expect.stringMatching(/another copy of @pikaia\/database.*"npm ls @pikaia\/database"/),
    });
  });
});

describe('a module that is imported as a class', () => {
  it.each<[string, Import]>([
    ['EventsModule', EventsModule],
    ['AuditModule', AuditModule],
  ])('starts with the defaults if it is %s', async (_, module) => {
    await start([cls(), ownDatabase(), module]);
  });

  it.each<[string, Import, string]>([
    ['LoggingModule', LoggingModule, 'its options'],
    ['RelayModule', RelayModule, 'settings'],
    ['QueueModule', QueueModule, 'consumer'],
  ])('does not start if it is %s, and the error says what it lacks', async (name, module, options) => {
    await expect(start([cls(), ownDatabase(), module])).rejects.toMatchObject({
      code: 'PIKAIA_MODULE_OPTIONS_MISSING',
      message: `${name} lacks ${options}. Import ${name}.forRoot(…) or forRootAsync(…) with what is missing, and not the class alone.`,
    });
  });

  it('does not start if it is DatabaseModule', async () => {
    await expect(start([cls(), DatabaseModule])).rejects.toMatchObject(MISSING);
    await expect(start([cls(), DatabaseModule, EventsModule.forRoot()])).rejects.toMatchObject(MISSING);
  });
});

describe('options that lack what has no default', () => {
  it.each<[string, string, () => Import]>([
    ['DatabaseModule', 'settings.databaseUrl and applicationName', () => DatabaseModule.forRoot({} as DatabaseModuleOptions)],
    [
      'DatabaseModule',
      'settings.databaseUrl', // pg would connect to the local host
      () => DatabaseModule.forRoot({ settings: { databaseUrl: undefined } as never, applicationName: 'shop' }),
    ],
    ['RelayModule', 'settings', () => RelayModule.forRootAsync({ useFactory: () => ({}) as RelayModuleOptions })],
    ['OutboxAdminModule', 'audit', () => OutboxAdminModule.forRoot({} as OutboxAdminModuleOptions)],
  ])('of %s are refused, and the error names %s', async (name, options, create) => {
    const starting = async () => start([cls(), ...(name === 'DatabaseModule' ? [] : [ownDatabase()]), create()]);
    await expect(starting()).rejects.toMatchObject({
      code: 'PIKAIA_MODULE_OPTIONS_MISSING',
      message: expect.stringContaining(`${name} lacks ${options}. Import ${name}.forRoot(…)`),
    });
  });
});

describe('a database that does not answer', () => {
  it('is reported with the error of the driver, also to modules that wait for it', async () => {
    const unreachable = 'postgres://shop:secret@127.0.0.1:1/shop';
    const libraries = () => [EventsModule.forRoot(), AuditModule.forRoot(), relay()];
    await expect(start([cls(), ...libraries(), ownDatabase(unreachable)], [ShopCarts])).rejects.toThrow(
      'ECONNREFUSED 127.0.0.1:1',
    );
    const existing = [shopDataSource(unreachable), DatabaseModule.forExisting()];
    await expect(start([...libraries(), ...existing, cls()], [ShopCarts])).rejects.toThrow('ECONNREFUSED 127.0.0.1:1');
  });
});

describe('a data source that its module does not export', () => {
  it('is refused', async () => {
    @Module({ providers: [{ provide: getDataSourceToken(), useValue: {} }] })
    class HiddenDataSource {}
    await expect(start([cls(), HiddenDataSource, DatabaseModule.forExisting(), EventsModule.forRoot()])).rejects.toMatchObject({
      code: 'PIKAIA_DATABASE_DATA_SOURCE_MISSING',
      message: expect.stringContaining('neither exports it nor is global'),
    });
  });
});

describe('two databases', () => {
  it('of one DatabaseModule that is imported twice are refused, and the error names the module', async () => {
    await expect(start([cls(), ownDatabase(), ownDatabase()])).rejects.toMatchObject({
      code: 'PIKAIA_DATABASE_DATA_SOURCE_DUPLICATE',
      message: expect.stringContaining('If DatabaseModule is imported twice, import it once'),
    });
  });
});
