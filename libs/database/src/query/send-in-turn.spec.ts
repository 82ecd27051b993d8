import pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { sendInTurn } from './send-in-turn.js';

let database: TestDatabase;
let client: pg.Client;
const one = async (n: number): Promise<unknown> => (await client.query<{ n: number }>('select $1::int as n', [n])).rows[0]!.n;
const turns = Array.from({ length: 20 }, (_, n) => n);

beforeAll(async () => {
  database = await createDatabase({ empty: true });
});

afterAll(() => database.drop());

beforeEach(async () => {
  client = await connect(database.ownerUrl);
  sendInTurn(client);
});

afterEach(() => client.end());

describe('sendInTurn', () => {
  it('sends parallel statements in order, and never queues two of them in pg', async () => {
    const longest = { queue: 0 };
    const queue = (client as unknown as { _queryQueue: unknown[] })._queryQueue;
    const push = queue.push.bind(queue);
    queue.push = (...items) => {
      longest.queue = Math.max(longest.queue, push(...items));
      return queue.length;
    };
    const order: number[] = [];
    await Promise.all(turns.map((n) => one(n).then(() => order.push(n))));
    expect([order, longest.queue]).toEqual([turns, 1]);
  });

  it('sends the statements that are queued behind a failed statement', async () => {
    const failing = expect(client.query('select 1 / 0')).rejects.toMatchObject({ code: '22012' });
    expect(await Promise.all(turns.map(one))).toEqual(turns);
    await failing;
  });

  it('sends a statement with a callback and a submittable statement in order', async () => {
    const order: string[] = [];
    const note = (name: string) => () => void order.push(name);
    const first = client.query('select 1').then(note('promise'));
    const callback = new Promise<void>((done) => client.query('select 2', () => done(note('callback')())));
    const query = new pg.Query('select 3');
    expect(client.query(query)).toBe(query);
    const submitted = new Promise<void>((done) => query.on('end', () => done(note('submitted')())));
    await Promise.all([first, callback, submitted]);
    expect(order).toEqual(['promise', 'callback', 'submitted']);
    expect(await one(4)).toBe(4);
  });

  it('rejects waiting statements with the error of the broken connection', async () => {
    const sent = [client.query('select pg_terminate_backend(pg_backend_pid())'), ...turns.map(one)];
    const reasons = (await Promise.allSettled(sent)).map((result) => (result as PromiseRejectedResult).reason as Error);
    expect(new Set(reasons.slice(1).map(({ message }) => message)).size).toBe(1);
    await expect(one(1)).rejects.toThrow('not queryable');
  });
});
