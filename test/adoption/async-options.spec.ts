import { Injectable, Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Audit, AuditLog, AuditModule, type AuditModuleOptions } from '@pikaia/audit';
import { context, loadSettings } from '@pikaia/core';
import { currentManager, DatabaseModule, DatabaseSettings, Transactional } from '@pikaia/database';
import {
  Consumer,
  DomainEvent,
  EventLog,
  Events,
  EventsModule,
  Handles,
  OperationsAudit,
  Outbox,
  OutboxAdminModule,
  OutboxSettings,
  OutboxStatus,
  QueueConsumer,
  QueueModule,
  RelayModule,
  RelayService,
  type EventOf,
} from '@pikaia/events';
import { LoggingModule } from '@pikaia/logging';
import { captureLogs } from '@pikaia/logging/testing';
import { FileMailer, MAILER, NotificationSettings, NotificationsModule, WelcomeEmail, type Mailer } from '@pikaia/notifications';
import { WebhookSending, WebhookSendingModule, WebhookSendingSettings } from '@pikaia/webhooks';
import { IsString } from 'class-validator';
import { ClsModule } from 'nestjs-cls';
import { tmpdir } from 'node:os';
import type pg from 'pg';
import { shopDataSource } from '../support/adoption/shop.js';
import { connect, createDatabase, type TestDatabase } from '../support/database/database.js';

const KEY = 'a key of the specs, 32 characters';

class NoAudit extends OperationsAudit {
  record(): Promise<void> {
    return Promise.resolve();
  }
}

@DomainEvent('shop_customer.visited', { version: 1, aggregate: 'shop_customer' })
class ShopCustomerVisited {
  @IsString()
  name!: string;
}

@Consumer('shop-statistics', { from: 'beginning' })
class ShopStatistics {
  @Handles(ShopCustomerVisited, { effect: 'database' })
  async count({ data }: EventOf<ShopCustomerVisited>): Promise<void> {
    await currentManager().query('insert into shop_statistics values ($1)', [data.name]);
  }
}

@Injectable()
class Publisher {
  constructor(private readonly events: Events) {}

  @Transactional()
  publish(name: string): Promise<string> {
    return this.events.publish(ShopCustomerVisited, { id: name }, { name });
  }
}

@Injectable()
class AuditOptions {
  constructor(private readonly config: ConfigService) {}

  create(): AuditModuleOptions {
    return { cursorKey: this.config.getOrThrow<string>('key') };
  }
}

let database: TestDatabase;
let owner: pg.Client;
let app: INestApplicationContext | undefined;

beforeAll(async () => {
  database = await createDatabase();
  owner = await connect(database.ownerUrl);
  await owner.query(`create table shop_statistics (customer text); grant insert on shop_statistics to pikaia_worker`);
});
afterEach(() => app?.close());
afterAll(async () => {
  await owner.end();
  await database.drop();
});

async function start(...modules: DynamicModule[]): Promise<INestApplicationContext> {
  @Module({ imports: [ClsModule.forRoot({ global: true }), ...modules], providers: [Publisher, ShopStatistics] })
  class Application {}
  return NestFactory.createApplicationContext(Application, { logger: false, abortOnError: false });
}

const config = (): Promise<DynamicModule> =>
  ConfigModule.forRoot({ ignoreEnvFile: true, load: [() => ({ key: KEY, DATABASE_URL: database.workerUrl })] });

const relay = (): DynamicModule =>
  RelayModule.forRootAsync({ useFactory: () => ({ settings: loadSettings([OutboxSettings], { EVENT_SINKS: 'local' })[0] }) });

async function expectDelivery(customer: string): Promise<void> {
  const { token } = await context.run({}, () => app!.get(Events).runWithToken(() => app!.get(Publisher).publish(customer)));
  await app!.get(Outbox).waitUntilSeen('shop-statistics', token, { timeoutMs: 45_000 });
  expect((await owner.query('select from shop_statistics where customer = $1', [customer])).rowCount).toBe(1);
}

describe('the modules of the libraries', () => {
  it('take their options from providers of the application, and get the database and its roles from DatabaseModule', async () => {
    const withKey = {
      inject: [ConfigService],
      useFactory: (settings: ConfigService) => ({ cursorKey: settings.getOrThrow<string>('key') }),
    };
    const imports = [await config()];
    app = await start(
      DatabaseModule.forRootAsync({
        imports,
        inject: [ConfigService],
        useFactory: (settings: ConfigService) => ({
          settings: loadSettings([DatabaseSettings], { DATABASE_URL: settings.getOrThrow('DATABASE_URL') })[0],
          applicationName: 'asynchronous',
        }),
      }),
      EventsModule.forRootAsync({
        imports,
        inject: [ConfigService],
        useFactory: (settings: ConfigService) => ({ tokenKey: settings.getOrThrow<string>('key') }),
      }),
      AuditModule.forRootAsync({ imports, useClass: AuditOptions }),
      OutboxAdminModule.forRootAsync({ imports, audit: NoAudit, ...withKey }),
      QueueModule.forRootAsync({ useFactory: () => ({ consumer: ShopStatistics }) }),
      relay(),
    );
    await expectDelivery('from providers');
    expect(app.get(RelayService).health()).toMatchObject([{ sink: 'local/shop-statistics', state: 'leading' }]);
    expect((await app.get(OutboxStatus).get()).sinks.map(({ name }) => name)).toEqual(['local/shop-statistics']);
    const page = await app.get(EventLog).find({ limit: 1, scope: { operator: true } });
    expect(page.data).toMatchObject([{ event_type: 'shop_customer.visited' }]);
    expect(await app.get(AuditLog).find({ limit: 1, scope: { organization: 'o1' } })).toEqual({ data: [], next_cursor: null });
    expect(app.get(QueueConsumer)).toBeDefined();
    expect(app.get(Audit)).toBeDefined();
  });

  it('deliver events through the data source of the application', async () => {
    app = await start(
      shopDataSource(database.workerUrl, { poolSize: 3 }),
      DatabaseModule.forExisting(),
      EventsModule.forRoot({ tokenKey: KEY }),
      relay(),
    );
    await expectDelivery('through its data source');
  });

  it('do not start with a signing key that is too short, also if a provider returns it', async () => {
    const short = EventsModule.forRootAsync({ useFactory: () => ({ tokenKey: 'short' }) });
    const starting = start(shopDataSource(database.workerUrl), DatabaseModule.forExisting(), short);
    await expect(starting).rejects.toMatchObject({ code: 'PIKAIA_SIGNING_KEY_TOO_SHORT' });
    expect(() => EventsModule.forRoot({ tokenKey: 'short' })).toThrow('tokenKey has 5 bytes');
  });

  it('return no page without a key that signs its cursor', async () => {
    app = await start(shopDataSource(database.workerUrl), DatabaseModule.forExisting(), EventsModule.forRoot(), AuditModule.forRootAsync({ useFactory: () => ({}) }), OutboxAdminModule.forRootAsync({ audit: NoAudit, useFactory: () => ({}) })); // prettier-ignore
    const scope = { operator: true } as const;
    const code = 'PIKAIA_CURSOR_KEY_MISSING';
    await expect(app.get(AuditLog).find({ limit: 1, scope })).rejects.toMatchObject({ code });
    await expect(app.get(EventLog).find({ limit: 1, scope })).rejects.toMatchObject({ code });
  });
});

describe('the modules of the example', () => {
  it('take their options from providers of the application', async () => {
    const secret = 'a secret of the specs of 32 characters';
    const variables = { INVITATION_SECRET: secret, MAIL_TRANSPORT: 'file', WEBHOOK_SECRET_KEYS: secret };
    const imports = [await ConfigModule.forRoot({ ignoreEnvFile: true, load: [() => ({ variables })] })];
    const inject = [ConfigService];
    const settingsOf = (config: ConfigService) => config.getOrThrow<Record<string, string>>('variables');
    const module = await Test.createTestingModule({
      imports: [
        ClsModule.forRoot({ global: true }),
        shopDataSource(database.workerUrl),
        DatabaseModule.forExisting(),
        EventsModule.forRoot(),
        AuditModule.forRoot(),
        NotificationsModule.forRootAsync({
          imports,
          inject,
          useFactory: (config: ConfigService) => ({
            settings: loadSettings([NotificationSettings], settingsOf(config))[0],
            mailDirectory: tmpdir(),
          }),
        }),
        WebhookSendingModule.forRootAsync({
          imports,
          inject,
          useFactory: (config: ConfigService) => loadSettings([WebhookSendingSettings], settingsOf(config))[0],
        }),
      ],
    }).compile();
    try {
      expect(module.get(NotificationSettings, { strict: false })).toMatchObject({ invitationSecret: secret });
      expect(module.get<Mailer>(MAILER, { strict: false })).toBeInstanceOf(FileMailer);
      expect(module.get(WelcomeEmail, { strict: false })).toBeInstanceOf(WelcomeEmail);
      expect(module.get(WebhookSendingSettings, { strict: false })).toBeInstanceOf(WebhookSendingSettings);
      expect(module.get(WebhookSending, { strict: false })).toBeInstanceOf(WebhookSending);
    } finally {
      await module.close();
    }
  });
});

describe('LoggingModule.forRootAsync', () => {
  it('configures the output with the options of a provider, and its start line has them', async () => {
    using logs = captureLogs();
    @Module({ imports: [LoggingModule.forRootAsync({ imports: [await config()], useFactory: async () => Promise.resolve({ service: 'asynchronous', level: 'info' }) })] }) // prettier-ignore
    class Application {}
    app = await NestFactory.createApplicationContext(Application);
    expect(logs.one('application_started')).toMatchObject({ service: 'asynchronous' });
  });

  it('does not start with invalid options', async () => {
    @Module({ imports: [LoggingModule.forRootAsync({ useFactory: () => ({ trustedProxies: 'everyone' }) })] })
    class Application {}
    const starting = NestFactory.createApplicationContext(Application, { abortOnError: false });
    await expect(starting).rejects.toMatchObject({ code: 'PIKAIA_TRUSTED_PROXIES_INVALID' });
  });
});
