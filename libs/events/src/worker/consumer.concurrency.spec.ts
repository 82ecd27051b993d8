import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { loadSettings } from '@pikaia/core';
import { DatabaseModule } from '@pikaia/database';
import { IsString } from 'class-validator';
import { ClsModule } from 'nestjs-cls';
import pg from 'pg';
import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { insertEvent } from '../../../../test/support/outbox/events.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { Consumer, Handles } from '../consume/consumer.decorator.js';
import { DomainEvent } from '../contract/domain-event.js';
import { OutboxSettings } from './outbox.settings.js';
import { RelayModule } from './relay.module.js';

@DomainEvent('parcel.sent', { version: 1, aggregate: 'parcel' })
class ParcelSent {
  @IsString()
  to!: string;
}

/** Each handler runs until the test releases it. */
class Blocking {
  readonly releases: (() => void)[] = [];
  handled = 0;
  mostRunning = 0;

  @Handles(ParcelSent, { effect: 'external', timeoutMs: 50_000 })
  async wait(): Promise<void> {
    const released = new Promise<void>((resolve) => this.releases.push(resolve));
    this.mostRunning = Math.max(this.mostRunning, this.releases.length);
    await released;
    this.handled++;
  }
}

@Consumer('one', { from: 'beginning', concurrency: 1 })
class One extends Blocking {}

@Consumer('three', { from: 'beginning', concurrency: 3 })
class Three extends Blocking {}

@Consumer('default', { from: 'beginning' })
class Default extends Blocking {}

/** Handles the same events without waiting. */
@Consumer('control', { from: 'beginning', concurrency: 1 })
class Control {
  handled = 0;

  @Handles(ParcelSent, { effect: 'external' })
  count(): void {
    this.handled++;
  }
}

describe('the option concurrency of @Consumer', () => {
  const EVENTS = 12;
  let database: TestDatabase;
  let owner: pg.Client;
  let app: INestApplicationContext;

  beforeAll(async () => {
    database = await createDatabase();
    owner = new pg.Client({ connectionString: database.ownerUrl });
    await owner.connect();
    for (let index = 0; index < EVENTS; index++) await insertParcel(`parcel-${index}`);
    const settings = { databaseUrl: database.workerUrl, databasePoolSize: 20, databaseStatementTimeoutMs: 5000 };
    @Module({
      imports: [
        ClsModule.forRoot({ global: true }),
        DatabaseModule.forRoot({ settings, applicationName: 'concurrency-spec' }),
        RelayModule.forRoot({ settings: loadSettings([OutboxSettings], {})[0], databaseUrl: database.workerUrl }),
      ],
      providers: [One, Three, Default, Control],
    })
    class App {}
    app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  });

  afterAll(async () => {
    await app.close();
    await owner.end();
    await database.drop();
  });

  const insertParcel = (aggregate: string) => insertEvent(owner, { aggregate, type: 'parcel.sent', data: { to: 'Bob' } });

  it.each([
    [1, One],
    [3, Three],
    [4, Default],
  ])('a consumer with a concurrency of %i runs that many handlers at once while more events wait', async (concurrency, type) => {
    const consumer = app.get(type);
    await pollUntil(() => consumer.releases.length >= concurrency);
    // The control consumer is in the same process and handles every event, one after another, while these handlers wait.
    await pollUntil(() => app.get(Control).handled === EVENTS);
    for (let left = EVENTS; left > 0; left--) {
      await pollUntil(() => consumer.releases.length >= Math.min(concurrency, left));
      consumer.releases.shift()!();
    }
    await pollUntil(() => consumer.handled === EVENTS);
    expect(consumer.mostRunning).toBe(concurrency);
  });
});
