import { flushMetrics } from '@pikaia/logging';
import { captureLogs } from '@pikaia/logging/testing';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { OutboxFixture } from '../../../../test/support/outbox/outbox.fixture.js';
import { insertEvent } from '../../../../test/support/outbox/events.js';
import { measureSinks } from './sink.metrics.js';

describe('measureSinks', () => {
  const at = useFixture(new OutboxFixture());

  async function linesOf(worker: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    flushMetrics(); // discard the metrics of other tests
    const logs = captureLogs();
    try {
      await measureSinks(at.worker, worker);
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
      await at.worker.query(`update outbox.outbox_sink set leader = 'this' where name = $1`, [at.sink.name]);
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
