import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context } from '@pikaia/core';
import { currentManager, DatabaseModule, Transactional, type SqlExecutor } from '@pikaia/database';
import { IsInt } from 'class-validator';
import fc from 'fast-check';
import { ClsModule } from 'nestjs-cls';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { DomainEvent } from '../contract/domain-event.js';
import { EventsModule } from './events.module.js';
import { Events } from './events.service.js';

@DomainEvent('parcel.sent', { version: 1, aggregate: 'parcel' })
class ParcelSent {
  @IsInt()
  grams!: number;
}

@Injectable()
class Post {
  constructor(readonly events: Events) {}

  @Transactional()
  async sendThroughManager(grams: number): Promise<void> {
    await this.events.publish(ParcelSent, { id: '1' }, { grams }, { executor: currentManager() });
    throw new Error('no');
  }
}

/** An application whose other code has its own clients of pg and its own data source of TypeORM. */
class ExecutorFixture {
  database!: TestDatabase;
  owner!: pg.Client;
  client!: pg.Client;
  pool!: pg.Pool;
  source!: DataSource;
  post!: Post;
  private app!: INestApplicationContext;

  async open(): Promise<void> {
    this.database = await createDatabase();
    const { ownerUrl, apiUrl: databaseUrl } = this.database;
    this.owner = await connect(ownerUrl);
    await this.owner.query('create table parcel (grams int); grant insert on parcel to pikaia_api');
    this.client = await connect(databaseUrl);
    this.pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
    this.source = await new DataSource({ type: 'postgres', url: databaseUrl }).initialize();
    const settings = { databaseUrl, databasePoolSize: 2, databaseStatementTimeoutMs: 5_000 };
    @Module({
      imports: [
        ClsModule.forRoot({ global: true }),
        DatabaseModule.forRoot({ settings, applicationName: 'spec' }),
        EventsModule.forRoot({ databaseUrl, applicationName: 'spec', tokenKey: 'a key of the specs, 32 characters' }),
      ],
      providers: [Post],
    })
    class SpecModule {}
    this.app = await NestFactory.createApplicationContext(SpecModule, { logger: ['error'] });
    this.post = this.app.get(Post);
  }

  async reset(): Promise<void> {
    await this.client.query('rollback'); // a test can leave a transaction open
    await this.owner.query('truncate outbox.outbox_log, parcel');
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.source.destroy();
    await Promise.all([this.client.end(), this.pool.end(), this.owner.end()]);
    await this.database.drop();
  }

  /** The stored events and rows, by their grams. */
  async stored(): Promise<{ events: number[]; parcels: number[] }> {
    const events = await this.owner.query<{ grams: number }>(
      `select (payload #>> '{data,grams}')::int as grams from outbox.outbox_log order by position`,
    );
    const parcels = await this.owner.query<{ grams: number }>('select grams from parcel order by grams');
    return { events: events.rows.map(({ grams }) => grams), parcels: parcels.rows.map(({ grams }) => grams) };
  }

  send(executor: unknown, grams: number): Promise<string> {
    const options = { executor: executor as SqlExecutor };
    return context.run({}, () => this.post.events.publish(ParcelSent, { id: '1' }, { grams }, options));
  }
}

const at = useFixture(new ExecutorFixture());
const insertParcel = (executor: SqlExecutor, grams: number): Promise<unknown> =>
  executor.query('insert into parcel (grams) values ($1)', [grams]);

describe('publish with an executor', () => {
  it.each([
    ['before the event', true],
    ['after the event', false],
  ])('commits and rolls back with the transaction of a client of pg that writes %s', async (_, writesFirst) => {
    for (const [end, grams] of [
      ['commit', 1],
      ['rollback', 2],
    ] as const) {
      await at.client.query('begin');
      if (writesFirst) await insertParcel(at.client, grams);
      await at.send(at.client, grams);
      if (!writesFirst) await insertParcel(at.client, grams);
      await at.client.query(end);
    }
    expect(await at.stored()).toEqual({ events: [1], parcels: [1] });
  });

  it('costs one statement behind a write, and three if the transaction has not written yet', async () => {
    const sent: string[] = [];
    const counting: SqlExecutor = {
      query: (text, values) => (sent.push(text), at.client.query(text, values)),
    };
    await at.client.query('begin');
    await at.send(counting, 1);
    expect(sent).toHaveLength(3);
    await at.send(counting, 2);
    expect(sent).toHaveLength(4);
    await at.client.query('commit');
    expect((await at.stored()).events).toEqual([1, 2]);
  });

  it('commits and rolls back with the transaction of a manager, and of a query runner, of another TypeORM data source', async () => {
    await at.source.transaction(async (manager) => {
      await insertParcel(manager, 1);
      await at.send(manager, 1);
    });
    const failed = at.source.transaction(async (manager) => {
      await at.send(manager, 2);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    const runner = at.source.createQueryRunner();
    await runner.startTransaction();
    await at.send(runner, 3);
    await runner.commitTransaction();
    await runner.startTransaction();
    await at.send(runner, 4);
    await runner.rollbackTransaction();
    await runner.release();
    expect(await at.stored()).toEqual({ events: [1, 3], parcels: [1] });
  });

  it('follows a savepoint of the client that is rolled back', async () => {
    await at.client.query('begin');
    await at.send(at.client, 1);
    await at.client.query('savepoint a');
    await at.send(at.client, 2);
    await at.client.query('rollback to savepoint a');
    await at.client.query('commit');
    expect((await at.stored()).events).toEqual([1]);
  });

  it.each<[string, () => unknown]>([
    ['a pool', () => at.pool],
    ['an idle client', () => at.client],
    ['a data source', () => at.source],
    ['the manager of a data source', () => at.source.manager],
  ])('refuses %s, because it has no open transaction, and writes nothing', async (_, executor) => {
    await expect(at.send(executor(), 1)).rejects.toMatchObject({
      code: 'PIKAIA_EVENT_OUTSIDE_TRANSACTION',
      message: expect.stringContaining('no open transaction'),
    });
    expect((await at.stored()).events).toEqual([]);
  });

  it('refuses a client whose transaction has ended while the call was not awaited, and writes nothing', async () => {
    await at.client.query('begin');
    const unawaited = expect(at.send(at.client, 1)).rejects.toMatchObject({ code: 'PIKAIA_EVENT_OUTSIDE_TRANSACTION' });
    await Promise.all([at.client.query('commit'), unawaited]);
    expect((await at.stored()).events).toEqual([]);
  });

  it('throws the error of the executor unchanged, and the error of the server if the transaction has failed', async () => {
    const broken = new Error('broken');
    await expect(at.send({ query: () => Promise.reject(broken) }, 1)).rejects.toBe(broken);
    await at.client.query('begin');
    await expect(at.client.query('select 1/0')).rejects.toMatchObject({ code: '22012' });
    await expect(at.send(at.client, 1)).rejects.toMatchObject({ code: '25P02' });
  });

  it.each([
    ['null', null],
    ['an object without query', {}],
    ['text', 'client'],
    ['an executor that resolves with nothing', { query: async () => undefined }],
    ['an executor that resolves with null', { query: async () => null }],
    ['an executor that resolves with rows that are no list', { query: async () => ({ rows: 1 }) }],
  ])('refuses %s as an executor', async (_, executor) => {
    await expect(at.send(executor, 1)).rejects.toMatchObject({ code: 'PIKAIA_EXECUTOR_INVALID' });
  });

  it('validates before it writes, so the transaction of the client stays usable', async () => {
    await at.client.query('begin');
    await expect(at.send(at.client, 1.5)).rejects.toMatchObject({ code: 'PIKAIA_EVENT_INVALID' });
    await at.send(at.client, 2);
    await at.client.query('commit');
    expect((await at.stored()).events).toEqual([2]);
  });

  it('takes the manager of the running @Transactional() method like no executor', async () => {
    const sent = context.run({}, () => at.post.sendThroughManager(1));
    await expect(sent).rejects.toThrow('no');
    expect((await at.stored()).events).toEqual([]);
  });

  it('adds the change to the token of runWithToken', async () => {
    const { token: empty } = await at.post.events.runWithToken(async () => undefined);
    const { token } = await at.post.events.runWithToken(async () => {
      await at.client.query('begin');
      await at.send(at.client, 1);
      await at.client.query('commit');
    });
    expect(token.length).toBeGreaterThan(empty.length);
  });

  it('keeps events and rows together for any number of concurrent calls on one client', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ first: fc.boolean(), calls: fc.integer({ min: 1, max: 4 }), commits: fc.boolean() }), {
          maxLength: 4,
        }),
        async (transactions) => {
          await at.reset();
          let grams = 0;
          const expected: number[] = [];
          for (const { first, calls, commits } of transactions) {
            await at.client.query('begin');
            const all = Array.from({ length: calls }, () => ++grams);
            if (first) await insertParcel(at.client, grams);
            await Promise.all(all.flatMap((one) => [at.send(at.client, one), insertParcel(at.client, one)]));
            await at.client.query(commits ? 'commit' : 'rollback');
            if (commits) expected.push(...all);
          }
          const { events, parcels } = await at.stored();
          expect(events.toSorted((one, other) => one - other)).toEqual(expected);
          expect([...new Set(parcels)]).toEqual(expected);
        },
      ),
      { seed: 49, numRuns: 15 },
    );
  });
});
