import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, loadSettings } from '@pikaia/core';
import { currentManager, DatabaseModule, Transactional } from '@pikaia/database';
import { IsInt } from 'class-validator';
import { ClsModule } from 'nestjs-cls';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { Consumer, Handles } from '../consume/consumer.decorator.js';
import { PostponeError } from '../consume/postpone.error.js';
import { DomainEvent } from '../contract/domain-event.js';
import type { EventOf } from '../contract/envelope.js';
import { EventsModule } from '../record/events.module.js';
import { Events } from '../record/events.service.js';
import { OutboxSettings } from '../worker/outbox.settings.js';
import { RelayModule } from '../worker/relay.module.js';
import { createEvent } from './capture-events.js';
import { deliverTwice } from './deliver-twice.js';
import { drain } from './drain.js';
import { failNext } from './fail-next.js';

@DomainEvent('meal.ordered', { version: 1, aggregate: 'meal' })
class MealOrdered {
  @IsInt()
  number!: number;
}

@DomainEvent('meal.cooked', { version: 1, aggregate: 'meal' })
class MealCooked {
  @IsInt()
  number!: number;
}

/** Cooks what is ordered, and publishes it in the same transaction. */
@Consumer('kitchen', { from: 'beginning' })
class Kitchen {
  calls = 0;

  constructor(private readonly events: Events) {}

  @Handles(MealOrdered, { effect: 'database', maxAttempts: 3 })
  async cook({ aggregate_id: id, data: { number } }: EventOf<MealOrdered>): Promise<void> {
    this.calls++;
    await currentManager().query('insert into meal (number) values ($1)', [number]);
    await this.events.publish(MealCooked, { id }, { number });
  }
}

@Consumer('waiter', { from: 'beginning' })
class Waiter {
  readonly served: number[] = [];
  problem: Error | undefined;

  @Handles(MealCooked, { effect: 'external', maxAttempts: 2 })
  async serve({ data: { number } }: EventOf<MealCooked>): Promise<void> {
    if (this.problem) throw this.problem;
    this.served.push(number);
  }
}

@Injectable()
class Restaurant {
  constructor(private readonly events: Events) {}

  @Transactional()
  async order(number: number): Promise<void> {
    await this.events.publish(MealOrdered, { id: `meal ${number}` }, { number });
  }
}

class RestaurantFixture {
  database!: TestDatabase;
  owner!: pg.Client;
  app!: INestApplicationContext;
  kitchen!: Kitchen;
  waiter!: Waiter;

  async open(): Promise<void> {
    this.database = await createDatabase();
    this.owner = await connect(this.database.ownerUrl);
    await this.owner.query('create table meal (number int); grant insert on meal to pikaia_worker');
    const { workerUrl: databaseUrl } = this.database;
    const settings = { databaseUrl, databasePoolSize: 10, databaseStatementTimeoutMs: 15_000 };
    const [outbox] = loadSettings([OutboxSettings], {});
    @Module({
      imports: [
        ClsModule.forRoot({ global: true }),
        DatabaseModule.forRoot({ settings, applicationName: 'spec' }),
        EventsModule.forRoot({ databaseUrl, applicationName: 'spec' }),
        RelayModule.forRoot({ settings: outbox, databaseUrl, autoStart: false }),
      ],
      providers: [Kitchen, Waiter, Restaurant],
    })
    class SpecModule {}
    this.app = await NestFactory.createApplicationContext(SpecModule, { logger: false, abortOnError: false });
    this.kitchen = this.app.get(Kitchen);
    this.waiter = this.app.get(Waiter);
  }

  async reset(): Promise<void> {
    this.waiter.problem = undefined;
    await drain(this.app, { allowFailed: true }); // what the last test left
    await this.owner.query('truncate meal');
    this.kitchen.calls = 0;
    this.waiter.served.length = 0;
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.owner.end();
    await this.database.drop();
  }

  order(number: number): Promise<void> {
    return context.run({}, () => this.app.get(Restaurant).order(number));
  }

  async meals(): Promise<number[]> {
    const { rows } = await this.owner.query<{ number: number }>('select number from meal order by number');
    return rows.map(({ number }) => number);
  }
}

const at = useFixture(new RestaurantFixture());

describe('drain', () => {
  it('handles every event, and those that the handlers publish', async () => {
    await Promise.all([1, 2, 3].map((number) => at.order(number)));
    const { sinks } = await drain(at.app);
    expect(await at.meals()).toEqual([1, 2, 3]);
    expect(at.waiter.served.toSorted()).toEqual([1, 2, 3]);
    expect(sinks).toEqual([
      { sink: 'local/kitchen', outcome: 'done', accepted: 3, retrying: 0, failed: 0, error: null },
      { sink: 'local/waiter', outcome: 'done', accepted: 3, retrying: 0, failed: 0, error: null },
    ]);
  });

  it('does nothing if nothing is published', async () => {
    const { sinks } = await drain(at.app);
    expect(sinks.map(({ outcome, accepted }) => [outcome, accepted])).toEqual([
      ['done', 0],
      ['done', 0],
    ]);
  });

  it('repeats a failed attempt at once, and rolls its transaction back', async () => {
    await at.order(4);
    failNext(at.kitchen, 2);
    const { sinks } = await drain(at.app);
    expect([await at.meals(), at.kitchen.calls, at.waiter.served]).toEqual([[4], 1, [4]]);
    expect(sinks[0]).toMatchObject({
      accepted: 1,
      retrying: 2,
      failed: 0,
      error: expect.stringContaining('because of failNext'),
    });
  });

  it('fails if an event becomes a dead letter, with the sink and the last error, unless failures are allowed', async () => {
    await at.order(5);
    failNext(at.waiter, 2, new Error('the plate is broken'));
    await expect(drain(at.app)).rejects.toThrow(/local\/waiter: done, 0 accepted, 1 failed: .*the plate is broken/);
    await at.order(6);
    failNext(at.waiter, 2);
    const { sinks, succeeded } = await drain(at.app, { allowFailed: true });
    expect([sinks[1]!.failed, succeeded]).toEqual([1, false]);
  });

  it('fails after its time limit if an event is postponed again and again', async () => {
    await at.order(7);
    at.waiter.problem = new PostponeError('the guest is late');
    await expect(drain(at.app, { timeLimitMs: 2_000 })).rejects.toThrow(/local\/waiter: .*the guest is late/);
  });
});

describe('failNext', () => {
  it('refuses an object without handlers', () => {
    expect(() => failNext({})).toThrow(expect.objectContaining({ code: 'PIKAIA_CONSUMER_INVALID' }));
  });
});

describe('deliverTwice', () => {
  it('calls a handler with a database effect once, because its receipt prevents the second call', async () => {
    await deliverTwice(at.kitchen, createEvent(MealOrdered, { id: '8' }, { number: 8 }));
    expect([await at.meals(), at.kitchen.calls]).toEqual([[8], 1]);
  });

  it('calls a handler with an external effect twice, as after a crash between the effect and its receipt', async () => {
    await deliverTwice(at.waiter, createEvent(MealCooked, { id: '9' }, { number: 9 }));
    expect(at.waiter.served).toEqual([9, 9]);
  });

  it('throws the error of the handler, and refuses an event that the consumer does not handle', async () => {
    at.waiter.problem = new Error('the plate is broken');
    const event = createEvent(MealCooked, { id: '10' }, { number: 10 });
    await expect(deliverTwice(at.waiter, event)).rejects.toThrow('the plate is broken');
    await expect(deliverTwice(at.kitchen, event)).rejects.toMatchObject({
      code: 'PIKAIA_CONSUMER_INVALID',
      message: expect.stringContaining('Kitchen has no handler for meal.cooked version 1'),
    });
    await expect(deliverTwice({}, event)).rejects.toMatchObject({ code: 'PIKAIA_CONSUMER_INVALID' });
  });
});
