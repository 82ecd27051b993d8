// A process with one consumer that makes one bounded pass and prints its result, or delivers until it is stopped if AUTO_START is set.
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { loadSettings } from '@pikaia/core';
import { currentManager, DatabaseModule } from '@pikaia/database';
import { Consumer, DomainEvent, Handles, OutboxSettings, RelayModule, RelayService } from '@pikaia/events';
import { IsInt } from 'class-validator';
import { ClsModule } from 'nestjs-cls';

const { WORKER_URL: databaseUrl, AUTO_START } = process.env;

class ThingChanged {}
IsInt()(ThingChanged.prototype, 'number');
DomainEvent('thing.changed', { version: 1, aggregate: 'thing' })(ThingChanged);

class Tally {
  async count({ event_id: id }) {
    await currentManager().query('insert into tally (event_id) values ($1)', [id]);
    await currentManager().query('select pg_sleep(0.002)');
  }
}
Handles(ThingChanged, { effect: 'database' })(
  Tally.prototype,
  'count',
  Object.getOwnPropertyDescriptor(Tally.prototype, 'count'),
);
Consumer('tally', { from: 'beginning' })(Tally);

class PassModule {}
const database = { databaseUrl, databasePoolSize: 8, databaseStatementTimeoutMs: 15_000 };
const [settings] = loadSettings([OutboxSettings], {});
Module({
  imports: [
    ClsModule.forRoot({ global: true }),
    DatabaseModule.forRoot({ settings: database, applicationName: 'pass' }),
    RelayModule.forRoot({ settings, databaseUrl, autoStart: AUTO_START === '1' }),
  ],
  providers: [Tally],
})(PassModule);

const app = await NestFactory.createApplicationContext(PassModule, { logger: false, abortOnError: false });
if (AUTO_START === '1') {
  process.on('SIGTERM', () => app.close());
} else {
  const result = await app.get(RelayService).runOnce();
  await app.close();
  process.send(result);
  process.disconnect();
}
