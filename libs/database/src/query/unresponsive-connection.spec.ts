import pg from 'pg';
import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { TcpProxy } from '../../../../test/support/database/tcp.proxy.js';
import { closeWhenUnresponsive } from './unresponsive-connection.js';

const TIMEOUT_MS = 1_200;

describe('closeWhenUnresponsive', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;

  beforeAll(async () => {
    database = await createDatabase({ empty: true });
    proxy = await TcpProxy.start(database.ownerUrl);
  });
  afterAll(async () => {
    await proxy.stop();
    await database.drop();
  });

  async function connect(timeoutMs = TIMEOUT_MS): Promise<{ client: pg.Client; errors: unknown[] }> {
    const client = new pg.Client({ connectionString: proxy.proxyUrl(database.ownerUrl) });
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    await client.connect();
    closeWhenUnresponsive(client, timeoutMs);
    return { client, errors };
  }

  it('rejects an unanswered statement and all queued statements, and closes the connection', async () => {
    const { client, errors } = await connect();
    proxy.dropResponsesTo('select 1');
    const ended = new Promise((resolve) => client.once('end', resolve));
    const settled = await Promise.allSettled([client.query('select 1'), client.query('select 2')]);
    const unresponsive = expect.objectContaining({ code: 'PIKAIA_DATABASE_UNRESPONSIVE' });
    expect(settled.map((one) => (one as PromiseRejectedResult).reason)).toEqual([unresponsive, unresponsive]);
    await ended;
    expect(errors[0]).toEqual(unresponsive);
    await expect(client.query('select 3')).rejects.toThrow('not queryable');
  });

  it('keeps a connection open that is idle for longer than the timeout, and applies the timeout to its next statement', async () => {
    const { client, errors } = await connect();
    let idleTimeouts = 0;
    const { stream } = (client as unknown as { connection: { stream: NodeJS.EventEmitter } }).connection;
    await new Promise<void>((resolve) => stream.on('timeout', () => ++idleTimeouts && resolve()));
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(errors).toEqual([]);
    proxy.dropResponsesTo('select 2');
    await expect(client.query('select 2')).rejects.toMatchObject({ code: 'PIKAIA_DATABASE_UNRESPONSIVE' });
    expect(idleTimeouts).toBeGreaterThan(1);
  });

  it('accepts a response that arrived while this process was paused for longer than the timeout', async () => {
    const { client } = await connect();
    const answer = client.query('select 1 as one');
    await new Promise((resolve) => setImmediate(resolve)); // the statement is sent
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * TIMEOUT_MS); // blocks the whole process
    expect((await answer).rows).toEqual([{ one: 1 }]);
    await client.end();
  });

  it('would reject such a response without the final grace period (planted)', async () => {
    const { client } = await connect();
    const { stream } = (client as unknown as { connection: { stream: import('node:net').Socket } }).connection;
    stream.removeAllListeners('timeout').on('timeout', () => stream.destroy(new Error('too early')));
    const answer = client.query('select 1 as one');
    await new Promise((resolve) => setImmediate(resolve));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * TIMEOUT_MS);
    await expect(answer).rejects.toThrow('too early');
  });
});
