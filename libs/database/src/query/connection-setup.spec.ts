import pg from 'pg';
import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { setUpConnectionsOf, type ConnectionSetup } from './connection-setup.js';

let database: TestDatabase;
let pool: pg.Pool;
const seen: unknown[] = [];
let setUp: ConnectionSetup;

beforeAll(async () => {
  database = await createDatabase({ empty: true });
});
beforeEach(() => {
  seen.length = 0;
  setUp = async (client) => {
    client.on('error', () => undefined);
    await client.query(`set application_name = 'set up'`);
    seen.push(client);
  };
  pool = new pg.Pool({ connectionString: database.apiUrl, max: 3 });
});
afterEach(() => pool.end());
afterAll(() => database.drop());

const NAME = `select current_setting('application_name') as name`;

describe('setUpConnectionsOf', () => {
  it('sets up each connection once, however it is taken and however many are taken at the same time', async () => {
    const before = await pool.connect();
    before.release(); // an idle connection from before
    setUpConnectionsOf(pool, (client) => setUp(client));
    const byCallback = new Promise<unknown>((resolve, reject) =>
      pool.connect((error, client, release) => {
        if (error) return reject(error);
        void client!
          .query(NAME)
          .then(({ rows }) => resolve(rows), reject)
          .finally(release);
      }),
    );
    const byPromise = Array.from({ length: 8 }, async () => {
      const client = await pool.connect();
      try {
        return (await client.query(NAME)).rows;
      } finally {
        client.release();
      }
    });
    const byQuery = Array.from({ length: 8 }, async () => (await pool.query(NAME)).rows);
    for (const rows of await Promise.all([byCallback, ...byPromise, ...byQuery])) expect(rows).toEqual([{ name: 'set up' }]);
    expect(seen).toContain(before);
    expect(new Set(seen).size).toBe(seen.length);
    expect(pool.totalCount).toBe(seen.length);
  });

  it('sets up a connection that is in use when it is taken the next time', async () => {
    const inUse = await pool.connect();
    setUpConnectionsOf(pool, (client) => setUp(client));
    expect((await inUse.query(NAME)).rows).not.toEqual([{ name: 'set up' }]);
    inUse.release();
    expect((await pool.query(NAME)).rows).toEqual([{ name: 'set up' }]);
  });

  it('closes a connection whose set-up fails, reports the reason to its caller, and gives its place to the next', async () => {
    const works = setUp;
    setUpConnectionsOf(pool, (client) => setUp(client));
    setUp = () => Promise.reject(new Error('the set-up failed'));
    const byPromise = expect(pool.connect()).rejects.toThrow('the set-up failed');
    const byQuery = expect(pool.query(NAME)).rejects.toThrow('the set-up failed');
    const byCallback = new Promise<unknown>((resolve) => pool.connect((error) => resolve(error)));
    await Promise.all([byPromise, byQuery]);
    expect(await byCallback).toMatchObject({ message: 'the set-up failed' });
    setUp = works;
    expect(await Promise.all([1, 2, 3].map(async () => (await pool.query(NAME)).rows))).toEqual(
      Array(3).fill([{ name: 'set up' }]),
    );
  });

  it('passes the error of a connection that cannot be opened on', async () => {
    const closed = new pg.Pool({ host: '127.0.0.1', port: 1 });
    setUpConnectionsOf(closed, (client) => setUp(client));
    await expect(closed.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(closed.query(NAME)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await closed.end();
  });
});
