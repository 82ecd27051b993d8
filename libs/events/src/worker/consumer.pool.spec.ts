import { Module, type INestApplicationContext, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { loadSettings } from '@pikaia/core';
import { DatabaseModule } from '@pikaia/database';
import { IsOptional } from 'class-validator';
import { ClsModule } from 'nestjs-cls';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { insertEvent, statusOf } from '../../../../test/support/outbox/events.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { Consumer, Handles } from '../consume/consumer.decorator.js';
import { DomainEvent } from '../contract/domain-event.js';
import type { EventOf } from '../contract/envelope.js';
import { QueueModule } from '../queue/queue.module.js';
import { OutboxSettings } from './outbox.settings.js';
import { RelayModule } from './relay.module.js';

@DomainEvent('pipe.blocked', { version: 1, aggregate: 'pipe' })
class PipeBlocked {
  @IsOptional()
  where?: string;
}

@DomainEvent('pipe.opened', { version: 1, aggregate: 'pipe' })
class PipeOpened {
  @IsOptional()
  where?: string;
}

const TIMEOUT_MS = 2_000;
const HUNG_HANDLERS = 14;
const GOOD_EVENTS = 40;
const POOL_SIZE = 10;

/** Its handlers never end. */
@Consumer('plug', { from: 'beginning', concurrency: HUNG_HANDLERS })
class Plug {
  calls = 0;

  @Handles(PipeBlocked, { effect: 'database', timeoutMs: TIMEOUT_MS })
  hang(): Promise<never> {
    this.calls++;
    return new Promise(() => undefined);
  }
}

@Consumer('meter', { from: 'beginning' })
class Meter {
  calls = 0;

  @Handles(PipeOpened, { effect: 'database', timeoutMs: TIMEOUT_MS, maxAttempts: 3 })
  count(): void {
    this.calls++;
  }
}

@Consumer('valve', { from: 'beginning' })
class Valve {
  calls = 0;
  work: (eventId: string) => unknown = () => undefined;

  @Handles(PipeOpened, { effect: 'external', timeoutMs: TIMEOUT_MS, maxAttempts: 3 })
  turn({ event_id: id }: EventOf<PipeOpened>): unknown {
    this.calls++;
    return this.work(id);
  }
}

/** The default timeout of 30 seconds. */
@Consumer('patient', { from: 'beginning' })
class Patient {
  @Handles(PipeOpened, { effect: 'database' })
  wait(): void {}
}

@Consumer('patient-outside', { from: 'beginning' })
class PatientOutside {
  @Handles(PipeOpened, { effect: 'external', timeoutMs: 600_000 })
  wait(): void {}
}

describe('the connections of a worker', () => {
  let database: TestDatabase;
  let owner: pg.Client;

  beforeAll(async () => {
    database = await createDatabase();
    owner = await connect(database.ownerUrl);
  });

  afterAll(async () => {
    await owner.end();
    await database.drop();
  });

  async function start(
    providers: Provider[],
    { poolSize = POOL_SIZE, statementTimeoutMs = 15_000, queue = false } = {},
  ): Promise<INestApplicationContext> {
    const settings = {
      databaseUrl: database.workerUrl,
      databasePoolSize: poolSize,
      databaseStatementTimeoutMs: statementTimeoutMs,
    };
    const runsConsumers = queue
      ? QueueModule.forRoot({ consumer: providers[0] as typeof Patient })
      : RelayModule.forRoot({
          settings: loadSettings([OutboxSettings], { OUTBOX_STALLED_AFTER_MS: '700000' })[0],
          databaseUrl: database.workerUrl,
        });
    @Module({
      imports: [
        ClsModule.forRoot({ global: true }),
        DatabaseModule.forRoot({ settings, applicationName: 'pool-spec' }),
        runsConsumers,
      ],
      providers,
    })
    class App {}
    return NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  }

  it(`${HUNG_HANDLERS} hung handlers of one consumer fail no event of the others and delay none of them`, async () => {
    const insert = async (type: string, count: number): Promise<string[]> => {
      const ids: string[] = [];
      for (let index = 0; index < count; index++)
        ids.push((await insertEvent(owner, { type, aggregate: `${type} ${index}` })).id);
      return ids;
    };
    const hung = await insert('pipe.blocked', HUNG_HANDLERS);
    const app = await start([Plug, Meter, Valve]);
    try {
      const [plug, meter, valve] = [app.get(Plug), app.get(Meter), app.get(Valve)];
      await pollUntil(() => plug.calls >= 6); // they hold every connection that this consumer may use
      const good = await insert('pipe.opened', GOOD_EVENTS);
      await pollUntil(() => meter.calls === GOOD_EVENTS && valve.calls === GOOD_EVENTS);
      for (const id of good)
        expect(
          await pollUntil(
            () => statusOf(owner, id),
            ({ status }) => status === 'published',
          ),
        ).toMatchObject({ attempts: 0 });
      const failedAttempts = await owner.query(`select from outbox.outbox_attempt where sink <> 'local/plug'`);
      expect(failedAttempts.rowCount).toBe(0);
      await pollUntil(() => plug.calls === HUNG_HANDLERS);
      for (const id of hung)
        expect(
          await pollUntil(
            () => statusOf(owner, id),
            ({ attempts }) => attempts > 0,
          ),
        ).toMatchObject({ attempts: 1 });
    } finally {
      await app.close();
    }
  });

  it('a worker that stops waits for a receipt that is late', async () => {
    const id = randomUUID();
    const locker = await connect(database.ownerUrl);
    const app = await start([Valve]);
    let isClosed = false;
    let closed: Promise<unknown> = Promise.resolve();
    try {
      app.get(Valve).work = async (eventId) => {
        if (eventId !== id) return;
        await locker.query('begin');
        await locker.query('select from outbox.consumer_receipt where event_id = $1 for update', [eventId]);
      };
      await insertEvent(owner, { id, type: 'pipe.opened', aggregate: 'late receipt' });
      const terminate = `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'pool-spec' and wait_event_type = 'Lock' and datname = current_database()`;
      await pollUntil(async () => (await owner.query(terminate)).rowCount);
      closed = app.close().finally(() => (isClosed = true));
      const end = performance.now() + 1_000; // half of the time that it waits for receipts
      await pollUntil(() => isClosed || performance.now() > end);
      expect(isClosed).toBe(false);
      await locker.query('rollback');
      await closed;
      const { rows } = await owner.query('select state from outbox.consumer_receipt where event_id = $1', [id]);
      expect(rows).toEqual([{ state: 'done' }]);
    } finally {
      await locker.end();
      await (isClosed ? closed : app.close());
    }
  });

  it('refuses a pool that has not one connection for each consumer with a database effect', async () => {
    await expect(start([Plug, Meter, Valve], { poolSize: 3 })).rejects.toMatchObject({
      code: 'PIKAIA_DATABASE_POOL_TOO_SMALL',
      message: expect.stringMatching(/3 connections.*: plug, meter\..*at least 4/),
    });
  });

  describe.each([
    ['worker', false],
    ['queue', true],
  ])('a %s', (_, queue) => {
    const refused = (limit: string) =>
      expect.objectContaining({
        code: 'PIKAIA_HANDLER_TIMEOUT_TOO_LONG',
        message: expect.stringMatching(new RegExp(`after ${limit}.*: patient\\.wait \\(timeoutMs 30000\\)`)),
      });

    it('does not start if a database handler may run longer than a session may be idle in a transaction', async () => {
      await expect(start([Patient], { queue, statementTimeoutMs: 14_999 })).rejects.toEqual(
        refused('29998 ms \\(idle_in_transaction_session_timeout\\)'),
      );
      await (await start([Patient], { queue, statementTimeoutMs: 15_000 })).close();
      await (await start([PatientOutside], { queue, statementTimeoutMs: 1_000 })).close();
    });

    it('does not start if the server limits the transactions of its role to less than the timeout of a handler', async () => {
      const { pathname } = new URL(database.ownerUrl);
      await owner.query(`alter role pikaia_worker in database ${pathname.slice(1)} set transaction_timeout = '20s'`);
      try {
        await expect(start([Patient], { queue })).rejects.toEqual(refused('20000 ms \\(transaction_timeout\\)'));
        await (await start([PatientOutside], { queue })).close();
      } finally {
        await owner.query(`alter role pikaia_worker in database ${pathname.slice(1)} reset transaction_timeout`);
      }
    });
  });
});
