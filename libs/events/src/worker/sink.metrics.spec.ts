import { PikaiaError } from '@pikaia/core';
import { flushMetrics } from '@pikaia/logging';
import { captureLogs } from '@pikaia/logging/testing';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { OutboxFixture } from '../../../../test/support/outbox/outbox.fixture.js';
import { insertEvent } from '../../../../test/support/outbox/events.js';
import { refused } from '../../../../test/support/outbox/scripted-sink.js';
import { measureSinks } from './sink.metrics.js';

describe('measureSinks', () => {
  const at = useFixture(new OutboxFixture());

  async function lines(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    flushMetrics(); // discard the metrics of other tests
    const logs = captureLogs();
    try {
      await measureSinks(at.worker);
      flushMetrics();
      return logs.records.filter(({ sink }) => sink === at.sink.name);
    } finally {
      logs.restore();
    }
  }

  const ZEROS = {
    'outbox.backlog': 0,
    'outbox.oldest_pending_seconds': 0,
    'outbox.failed': 0,
    'outbox.unhandled': 0,
    'outbox.published': 0,
    'outbox.leader_failing': 0,
  };

  it('records the backlog of a sink whether a worker leads it or not', async () => {
    expect(await lines()).toEqual([expect.objectContaining(ZEROS)]);
    await insertEvent(at.api);
    await insertEvent(at.api);
    const leader = await at.connectLeader();
    for (const led of [false, true]) {
      if (led) expect(await leader.tryLock()).toBe(true);
      const [line] = await lines();
      expect(line).toMatchObject({ 'outbox.backlog': 2, 'outbox.published': 0 });
      expect(line!['outbox.oldest_pending_seconds']).toBeGreaterThan(0);
    }
    await leader.close();
  });

  it('records how many events wait for a worker that handles their version', async () => {
    const error = new PikaiaError('PIKAIA_EVENT_VERSION_UNKNOWN', 'Later.');
    at.sink.defaultOutcome = ({ schemaVersion }) => (schemaVersion === 1 ? refused() : { kind: 'postponed', error });
    for (const [index, version] of [1, 2, 2, 3].entries()) await insertEvent(at.api, { version, aggregate: `a${index}` });
    await at.runRelayOnce();
    expect(await lines()).toEqual([expect.objectContaining({ 'outbox.unhandled': 3 })]);
  });

  it('records nothing for a retired sink', async () => {
    await at.worker.query(`update outbox.outbox_sink set state = 'retired' where name = $1`, [at.sink.name]);
    expect(await lines()).toEqual([]);
  });
});
