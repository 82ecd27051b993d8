import { captureLogs } from '@pikaia/logging/testing';
import type pg from 'pg';
import { connect, createDatabase, executeSql, type TestDatabase } from '../../../../test/support/database/database.js';
import { insertEvent } from '../../../../test/support/outbox/events.js';
import { ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { TcpProxy } from '../../../../test/support/database/tcp.proxy.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { OUTBOX_CHANNEL } from '../log/outbox-channel.js';
import { RelaySupervisor } from './relay.supervisor.js';
import { NotificationListener } from './notification.listener.js';

describe('notifications', () => {
  let database: TestDatabase;
  let api: pg.Client;
  let proxy: TcpProxy;

  beforeAll(async () => {
    database = await createDatabase();
    api = await connect(database.apiUrl);
    proxy = await TcpProxy.start(database.workerUrl);
  });

  afterAll(async () => {
    await api.end();
    await proxy.stop();
    await database.drop();
  });

  const relaysOf = (sink: ScriptedSink, pollIntervalMs: number): RelaySupervisor =>
    new RelaySupervisor([sink], {
      url: proxy.proxyUrl(database.workerUrl),
      worker: 'spec',
      pollIntervalMs,
      storeIntervalMs: 5,
      leaderTimeoutMs: 5000,
    });

  async function delivers(sink: ScriptedSink, events = 3): Promise<void> {
    for (let i = 0; i < events; i++) {
      const { id } = await insertEvent(api);
      await pollUntil(() => sink.ids.includes(id));
    }
  }

  it('polling delivers events if notifications are disabled', async () => {
    const sink = new ScriptedSink('unnotified');
    const relays = relaysOf(sink, 50);
    await relays.start();
    await delivers(sink); // no notification arrives
    await relays.stop();
  });

  it('polling delivers events while the listening connection is dead but open', async () => {
    const sink = new ScriptedSink('swallowed');
    const relays = relaysOf(sink, 50);
    await relays.start();
    await delivers(sink, 1);
    await pollUntil(() => proxy.dropTraffic('pikaia-wake-up') === 1);
    await delivers(sink);
    await relays.stop(1000); // it can still be stopped
  });

  it('the listener detects a dead connection within 30 seconds, listens on a new one, and logs the loss and its end', async () => {
    using logs = captureLogs();
    let heard = 0;
    const wakeUp = new NotificationListener(
      proxy.proxyUrl(database.workerUrl),
      () => heard++,
      () => 0,
    );
    wakeUp.start();
    await pollUntil(() => heard === 1); // listening
    expect(logs.records).toEqual([]);
    const droppedAt = performance.now();
    proxy.dropTraffic('pikaia-wake-up');
    await api.query(`notify ${OUTBOX_CHANNEL}`);
    await pollUntil(() => heard === 2); // reports possibly missed notifications
    expect(performance.now() - droppedAt).toBeLessThan(30_000);
    await api.query(`notify ${OUTBOX_CHANNEL}`);
    await pollUntil(() => heard >= 3);
    expect(logs.records.map(({ level, event }) => [level, event])).toEqual([
      ['WARNING', 'wake_up_lost'],
      ['INFO', 'wake_up_restored'],
    ]);
    await wakeUp.stop();
  });

  it('the listener waits before it reconnects, even though the end of its connection wakes it', async () => {
    let heard = 0;
    const wakeUp = new NotificationListener(
      database.workerUrl,
      () => heard++,
      () => 1, // the full delay: 1 s
    );
    wakeUp.start();
    await pollUntil(() => heard === 1);
    const endedAt = performance.now();
    await executeSql(
      database.ownerUrl,
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pikaia-wake-up' and datname = current_database()`,
    );
    await pollUntil(() => heard === 2);
    expect(performance.now() - endedAt).toBeGreaterThanOrEqual(950);
    await wakeUp.stop();
  });

  it('the listener stops while the server does not answer its query', async () => {
    const url = proxy.proxyUrl(database.workerUrl);
    const wakeUp = new NotificationListener(url, () => undefined, Math.random, 60_000);
    const connectionsWithoutResponses = proxy.connectionsWithoutResponses;
    proxy.dropResponsesTo('listen ');
    wakeUp.start();
    await pollUntil(() => proxy.connectionsWithoutResponses > connectionsWithoutResponses);
    const began = performance.now();
    await wakeUp.stop();
    expect(performance.now() - began).toBeLessThan(30_000); // without closing the connection it would take 1 minute
  });

  it('the listener stops while it is still connecting', async () => {
    for (let run = 0; run < 20; run++) {
      const wakeUp = new NotificationListener(database.workerUrl, () => undefined);
      wakeUp.start();
      if (run % 2) await new Promise(setImmediate);
      await wakeUp.stop();
    }
  });
});
