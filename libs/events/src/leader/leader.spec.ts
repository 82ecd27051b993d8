import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { TcpProxy } from '../../../../test/support/database/tcp.proxy.js';
import { Leader } from './leader.js';

const TIMEOUT_MS = 500;

describe('Leader', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let leader: Leader;
  let losses: number;

  beforeAll(async () => {
    database = await createDatabase();
    proxy = await TcpProxy.start(database.workerUrl);
  });
  beforeEach(async () => {
    losses = 0;
    const options = { url: proxy.proxyUrl(database.workerUrl), sink: 'spec', leaderTimeoutMs: TIMEOUT_MS };
    leader = new Leader(options, () => losses++);
    await leader.connect();
  });
  afterEach(() => leader.close());
  afterAll(async () => {
    await proxy.stop();
    await database.drop();
  });

  it('ends the connection if the server stops responding', async () => {
    proxy.dropTraffic('pikaia-relay spec');
    await expect(leader.ping()).rejects.toThrow(`Nothing was heard for ${4 * TIMEOUT_MS} ms.`);
    expect(losses).toBeGreaterThan(0);
    expect(() => leader.throwIfLost()).toThrow('Nothing was heard');
  });

  it('keeps the connection while the server responds', async () => {
    for (const end = performance.now() + 5 * TIMEOUT_MS; performance.now() < end;) await leader.ping();
    expect(losses).toBe(0);
  });
});
