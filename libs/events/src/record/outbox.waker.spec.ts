import { context, systemClock } from '@pikaia/core';
import { captureLogs, type CapturedLogs } from '@pikaia/logging/testing';
import { Socket } from 'node:net';
import type pg from 'pg';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { TcpProxy } from '../../../../test/support/database/tcp.proxy.js';
import { OUTBOX_CHANNEL } from '../log/outbox-channel.js';
import { OutboxWaker } from './outbox.waker.js';

let database: TestDatabase;
let listener: pg.Client;
let heard: pg.Notification[];
let waker: OutboxWaker;
let logs: CapturedLogs;
let offset: number; // milliseconds by which the clock is ahead
const clock = { ...systemClock, monotonic: () => performance.now() + offset };

const wakers = async (): Promise<number[]> =>
  (
    await listener.query<{ pid: number }>(
      `select pid from pg_stat_activity where application_name = 'spec-wake' and datname = current_database()`,
    )
  ).rows.map(({ pid }) => pid);
const open = (databaseUrl: string): OutboxWaker => new OutboxWaker({ databaseUrl, applicationName: 'spec', clock });

beforeAll(async () => {
  database = await createDatabase();
  listener = await connect(database.ownerUrl);
  listener.on('notification', (message) => heard.push(message));
  await listener.query(`listen ${OUTBOX_CHANNEL}`);
});

afterAll(async () => {
  await listener.end();
  await database.drop();
});

beforeEach(() => {
  [heard, offset, logs] = [[], 0, captureLogs()];
  waker = open(database.apiUrl);
});

afterEach(async () => {
  await waker.onApplicationShutdown();
  logs.restore();
});

describe('OutboxWaker', () => {
  it('sends at most two notifications for a thousand commits, and another one for a later commit', async () => {
    for (let commit = 0; commit < 1_000; commit++) waker.wake(); // the first notifies at once, the others share the next one
    await pollUntil(() => heard.length > 0);
    const before = heard.length;
    waker.wake();
    await pollUntil(() => heard.length > before);
    expect(heard.length).toBeLessThanOrEqual(3);
    for (const message of heard) expect(message).toMatchObject({ channel: 'pikaia_outbox', payload: '' });
    expect(await wakers()).toHaveLength(1);
  });

  it('limits the rate of notifications, and always notifies after the last commit', async () => {
    const started = performance.now();
    let last = 0;
    while (performance.now() - started < 200) {
      waker.wake();
      last = heard.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await pollUntil(() => heard.length > last);
    expect(heard.length).toBeLessThan(50);
  });

  it('returns at once while the database is unreachable, and logs the outage once', async () => {
    await waker.onApplicationShutdown();
    waker = open('postgres://nobody:nothing@127.0.0.1:1/none');
    for (let attempt = 0; attempt < 3; attempt++) {
      waker.wake();
      expect(Reflect.get(waker, 'running')).toBeInstanceOf(Promise);
      await pollUntil(() => Reflect.get(waker, 'running') === undefined);
      waker.wake(); // no attempt within a second after a failure
      expect(Reflect.get(waker, 'running')).toBeUndefined();
      offset += 1_001;
    }
    expect(logs.of('outbox_wake_failed')).toHaveLength(1);
  });

  it('reconnects after the server terminates its connection', async () => {
    waker.wake();
    await pollUntil(() => heard.length === 1);
    await listener.query('select pg_terminate_backend($1, 5000)', await wakers());
    await pollUntil(() => Reflect.get(waker, 'client') === undefined);
    expect(logs.of('outbox_wake_failed')).toHaveLength(1);
    expect(logs.of('outbox_wake_restored')).toHaveLength(0);
    offset += 1_001;
    waker.wake();
    await pollUntil(() => heard.length === 2);
    await pollUntil(() => logs.of('outbox_wake_restored').length);
    waker.wake();
    await pollUntil(() => heard.length === 3);
    expect(logs.of('outbox_wake_restored')).toEqual([expect.objectContaining({ level: 'INFO' })]);
  });

  it('notices within seconds that the server no longer responds, and probes an idle connection', async () => {
    await waker.onApplicationShutdown();
    const probes = jest.spyOn(Socket.prototype, 'setKeepAlive');
    const proxy = await TcpProxy.start(database.apiUrl);
    waker = open(proxy.proxyUrl(database.apiUrl));
    waker.wake();
    await pollUntil(() => heard.length === 1);
    expect(probes).toHaveBeenCalledWith(true, 10_000);
    probes.mockRestore();
    const began = performance.now();
    proxy.dropTraffic('spec-wake');
    waker.wake();
    await pollUntil(() => logs.of('outbox_wake_failed').length);
    await pollUntil(() => {
      offset += 1_001;
      waker.wake();
      return heard.length >= 2;
    });
    expect(performance.now() - began).toBeLessThan(30_000);
    await waker.onApplicationShutdown();
    await proxy.stop();
  });

  it('logs a failure without the context of the request that called wake()', async () => {
    await waker.onApplicationShutdown();
    waker = open('postgres://nobody:nothing@127.0.0.1:1/none');
    context.run({}, () => waker.wake());
    await pollUntil(() => logs.records.length);
    expect(logs.records[0]).not.toHaveProperty('trace_id');
  });

  it('closes its connection at shutdown and ignores later calls of wake()', async () => {
    waker.wake();
    await pollUntil(() => heard.length);
    await waker.onApplicationShutdown();
    await pollUntil(async () => !(await wakers()).length);
    waker.wake();
    expect(Reflect.get(waker, 'running')).toBeUndefined();
  });
});
