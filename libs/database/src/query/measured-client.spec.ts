import pg from 'pg';
import { context } from '@pikaia/core';
import { queryStatsFields } from '@pikaia/logging';
import { captureLogs } from '@pikaia/logging/testing';
import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { keepCallerContext, measureQueries } from './measured-client.js';

const SLOW_MS = 80;

describe('measureQueries', () => {
  let database: TestDatabase;
  const pools: pg.Pool[] = [];

  beforeAll(async () => {
    database = await createDatabase({ empty: true });
  });
  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.end()));
    await database.drop();
  });

  function newPool({ max = 4, bound = true } = {}): pg.Pool {
    const options = {
      connectionString: database.ownerUrl,
      max,
      onConnect: (client: pg.ClientBase) => measureQueries(client, SLOW_MS),
    };
    const pool = new pg.Pool(options);
    if (bound) keepCallerContext(pool);
    pools.push(pool);
    return pool;
  }

  const count = (): unknown => queryStatsFields()['db.query_count'];
  const milliseconds = (): number => (queryStatsFields()['db.duration'] ?? 0) / 1e6;

  it('counts the statements of each concurrent context, and measures the time in which one of them was in flight', async () => {
    const pool = newPool();
    await Promise.all(
      [1, 2, 3].map((queries) =>
        context.run({}, async () => {
          const startedAt = performance.now();
          await Promise.all(Array.from({ length: queries }, () => pool.query('select pg_sleep(0.03)')));
          expect(count()).toBe(queries);
          expect(milliseconds()).toBeGreaterThanOrEqual(29);
          expect(milliseconds()).toBeLessThanOrEqual(performance.now() - startedAt);
        }),
      ),
    );
    await pool.query('select 1'); // outside any context a statement is not counted
  });

  it('counts a failed statement and passes on its error', async () => {
    const pool = newPool();
    await context.run({}, async () => {
      await expect(pool.query('select nonsense')).rejects.toMatchObject({ code: '42703' });
      const client = await pool.connect();
      await expect(client.query('select nonsense')).rejects.toMatchObject({ code: '42703' });
      expect(() => void client.query(undefined as never)).toThrow(TypeError); // nothing was sent
      client.release();
      expect(count()).toBe(2);
    });
  });

  it('counts a running statement with its time so far, and its end does not change another context', async () => {
    const pool = newPool();
    const [holder, client] = [await pool.connect(), await pool.connect()];
    await holder.query('select pg_advisory_lock(1)');
    let late!: Promise<unknown>;
    await context.run({}, async () => {
      const sentAt = performance.now();
      late = client.query('select pg_advisory_lock(1)');
      await pollUntil(milliseconds, (soFar) => soFar > 10);
      expect(count()).toBe(1);
      expect(milliseconds()).toBeLessThanOrEqual(performance.now() - sentAt);
    });
    await holder.query('select pg_advisory_unlock(1)');
    await context.run({}, async () => {
      await late;
      expect(queryStatsFields()).toEqual({});
    });
    holder.release();
    client.release();
  });

  it.each([
    ['in the context of their caller with keepCallerContext', true, 0],
    ['in the context that released the connection without keepCallerContext (planted)', false, 1],
  ])('runs callbacks that waited for a connection, and counts their statements, %s', async (_, bound, wrong) => {
    const pool = newPool({ max: 1, bound });
    const seen = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        context.run({ organizationId: String(index) }, async () => {
          const organization = await new Promise((resolve, reject) => {
            pool.query('select 1', (error) => (error ? reject(error) : resolve(context.organizationId)));
          });
          const connected = await new Promise((resolve) => {
            pool.connect((_, client, release) => {
              client!.query('select 1', () => {
                release();
                resolve(context.organizationId);
              });
            });
          });
          return [organization, connected, count()].join() === [index, index, 2].join();
        }),
      ),
    );
    expect(Math.sign(seen.filter((right) => !right).length)).toBe(wrong);
  });

  it('counts a stream once, without its duration', async () => {
    const client = await newPool().connect();
    await context.run({}, async () => {
      const query = client.query(new pg.Query('select pg_sleep(1)'));
      await new Promise((resolve) => (query as unknown as NodeJS.EventEmitter).once('end', resolve));
      expect(count()).toBe(1);
      expect(milliseconds()).toBeLessThan(1_000);
    });
    client.release();
  });

  it('logs a slow statement once, without its values, in the context that sent it, and not a statement queued behind it', async () => {
    using logs = captureLogs();
    const client = await newPool().connect();
    await context.run({ organizationId: 'acme' }, async () => {
      const slow = client.query({ text: "/* canary */ select pg_sleep(0.1), $1::text, 'canary', 4711", values: ['canary'] });
      await Promise.all([slow, client.query("select 'canary'")]);
    });
    client.release();
    expect(logs.records).toEqual([
      expect.objectContaining({
        level: 'WARNING',
        logger: 'database',
        event: 'database_query_slow',
        'organization.id': 'acme',
        'db.operation': 'SELECT',
        'db.statement': 'select pg_sleep(?), $1::text, ?, …',
      }),
    ]);
    expect(logs.records[0]!['duration']).toBeGreaterThanOrEqual(100e6 * 0.99);
    expect(logs.lines.join()).not.toMatch(/canary|4711/);
  });
});
