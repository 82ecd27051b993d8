import pg from 'pg';
import { createDatabase, executeSql, type TestDatabase } from '../../../../test/support/database.js';
import { insertEvent } from '../../../../test/support/outbox.js';
import { ScriptedSink } from '../../../../test/support/scripted-sink.js';
import { TcpProxy } from '../../../../test/support/tcp.proxy.js';
import { pollUntil } from '../../../../test/support/until.js';
import { OUTBOX_CHANNEL } from '../log/outbox-channel.js';
import { RelaySupervisor } from './relay.supervisor.js';
import { NotificationListener } from './notification.listener.js';

describe('waking up', () => {
  let database: TestDatabase;
  let api: pg.Client;
  let proxy: TcpProxy;

  beforeAll(async () => {
    database = await createDatabase();
    api = new pg.Client({ connectionString: database.apiUrl });
    await api.connect();
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

  it('is not needed: with notifications switched off, polling delivers', async () => {
    const sink = new ScriptedSink('unnotified');
    const relays = relaysOf(sink, 50);
    await relays.start();
    await delivers(sink); // nobody says a word
    await relays.stop();
  });

  it('is not needed: while the listening connection swallows every byte and stays open, polling delivers', async () => {
    const sink = new ScriptedSink('swallowed');
    const relays = relaysOf(sink, 50);
    await relays.start();
    await delivers(sink, 1);
    await pollUntil(() => proxy.dropTraffic('pikaia-wake-up') === 1);
    await delivers(sink);
    await relays.stop(1000); // and it can be stopped
  });

  it('finds out by asking that the connection swallows everything, and listens on another', async () => {
    let heard = 0;
    const wakeUp = new NotificationListener(
      proxy.proxyUrl(database.workerUrl),
      () => heard++,
      () => 0,
      300,
    );
    wakeUp.start();
    await pollUntil(() => heard === 1); // it listens
    proxy.dropTraffic('pikaia-wake-up');
    await api.query(`notify ${OUTBOX_CHANNEL}`);
    await pollUntil(() => heard === 2); // what was said meanwhile
    await api.query(`notify ${OUTBOX_CHANNEL}`);
    await pollUntil(() => heard >= 3);
    await wakeUp.stop();
  });

  it('waits before it listens again, although the end of its connection wakes it', async () => {
    let heard = 0;
    const wakeUp = new NotificationListener(
      database.workerUrl,
      () => heard++,
      () => 1, // the whole delay: 1 s
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

  it('stops while the server does not answer its statement', async () => {
    const wakeUp = new NotificationListener(proxy.proxyUrl(database.workerUrl), () => undefined);
    const deaf = proxy.connectionsWithoutResponses;
    proxy.dropResponsesTo('listen ');
    wakeUp.start();
    await pollUntil(() => proxy.connectionsWithoutResponses > deaf);
    const began = performance.now();
    await wakeUp.stop();
    expect(performance.now() - began).toBeLessThan(30_000); // without an end of the connection: a minute
  });

  it('stops while it is still connecting', async () => {
    for (let run = 0; run < 20; run++) {
      const wakeUp = new NotificationListener(database.workerUrl, () => undefined);
      wakeUp.start();
      if (run % 2) await new Promise(setImmediate);
      await wakeUp.stop();
    }
  });
});
