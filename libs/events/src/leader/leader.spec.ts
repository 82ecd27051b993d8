import { systemClock } from '@pikaia/core';
import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { TcpProxy } from '../../../../test/support/database/tcp.proxy.js';
import { ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { Leader } from './leader.js';

const TIMEOUT_MS = 500;

describe('Leader', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let leader: Leader;
  let losses: number;
  let now: number;

  beforeAll(async () => {
    database = await createDatabase();
    proxy = await TcpProxy.start(database.workerUrl);
  });
  beforeEach(async () => {
    [losses, now] = [0, 0];
    const clock = { ...systemClock, monotonic: () => now };
    const relay = { sink: new ScriptedSink('spec'), clock, leaderTimeoutMs: TIMEOUT_MS };
    leader = new Leader(proxy.proxyUrl(database.workerUrl), relay, () => losses++);
    await leader.connect();
  });
  afterEach(() => leader.close());
  afterAll(async () => {
    await proxy.stop();
    await database.drop();
  });

  it('ends the connection if the server stops responding', async () => {
    proxy.dropTraffic('pikaia-relay spec');
    await expect(leader.ping()).rejects.toThrow(`No data received for ${4 * TIMEOUT_MS} ms.`);
    expect(losses).toBeGreaterThan(0);
    expect(() => leader.step()).toThrow('No data received');
  });

  it('pings the server twice before the leader timeout passes', async () => {
    const query = jest.spyOn(leader.client, 'query');
    for (; now < TIMEOUT_MS; now += TIMEOUT_MS / 20) await leader.step();
    expect(query).toHaveBeenCalledTimes(2);
  });

  it('loses the session without pings', async () => {
    await pollUntil(() => losses > 0);
    expect(() => leader.step()).toThrow();
  });

  it('keeps the connection while the server responds', async () => {
    for (const end = performance.now() + 5 * TIMEOUT_MS; performance.now() < end;) await leader.ping();
    expect(losses).toBe(0);
  });
});
