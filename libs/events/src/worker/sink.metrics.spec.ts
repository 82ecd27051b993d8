import { flushMetrics } from '@pikaia/logging';
import { captureLogs } from '@pikaia/logging/testing';
import pg from 'pg';
import { OutboxFixture } from '../../../../test/support/operated-sink.js';
import { insertEvent } from '../../../../test/support/outbox.js';
import { measureSinks } from './sink.metrics.js';

describe('measureSinks', () => {
  let at: OutboxFixture;
  let owner: pg.Client;

  beforeAll(async () => {
    at = await OutboxFixture.create();
    owner = new pg.Client({ connectionString: at.database.ownerUrl });
    await owner.connect();
  });
  beforeEach(() => at.reset());
  afterAll(async () => {
    await owner.end();
    await at.close();
  });

  async function linesOf(worker: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    flushMetrics(); // discard the metrics of other tests
    const logs = captureLogs();
    try {
      await measureSinks(owner, worker);
      flushMetrics();
      return logs.records.filter(({ sink }) => sink === at.sink.name);
    } finally {
      logs.restore();
    }
  }

  it('records the backlog of the sinks that the worker leads, and of no other', async () => {
    const leader = await at.connectLeader();
    try {
      expect(await leader.tryLock()).toBe(true);
      await owner.query(`update outbox.outbox_sink set leader = 'this' where name = $1`, [at.sink.name]);
      expect(await linesOf('other')).toEqual([]);
      expect(await linesOf('this')).toEqual([
        expect.objectContaining({
          'outbox.backlog': 0,
          'outbox.oldest_pending_seconds': 0,
          'outbox.failed': 0,
          'outbox.published': 0,
        }),
      ]);
      await insertEvent(at.api);
      await insertEvent(at.api);
      const [line] = await linesOf('this');
      expect(line).toMatchObject({ 'outbox.backlog': 2, 'outbox.published': 0 });
      expect(line!['outbox.oldest_pending_seconds']).toBeGreaterThan(0);
    } finally {
      await leader.close();
    }
    expect(await linesOf('this')).toEqual([]); // as if the leader had died
  });
});
