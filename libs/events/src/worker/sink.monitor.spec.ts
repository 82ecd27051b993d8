import { flushMetrics } from '@pikaia/logging';
import { captureLogs } from '@pikaia/logging/testing';
import { randomUUID } from 'node:crypto';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { OutboxFixture } from '../../../../test/support/outbox/outbox.fixture.js';
import { insertEvent } from '../../../../test/support/outbox/events.js';
import { TcpProxy } from '../../../../test/support/database/tcp.proxy.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { Leader } from '../leader/leader.js';
import { registerSinks } from '../log/register-sinks.js';
import { eventMetrics } from '../metrics.js';
import { SinkMonitor } from './sink.monitor.js';

const EMF = eventMetrics.leaderless.name;

describe('SinkMonitor', () => {
  const at = useFixture(new OutboxFixture());

  const watchOf = (own: readonly string[] = []): SinkMonitor =>
    new SinkMonitor({
      url: at.database.workerUrl,
      ownSinks: new Set(own),
      leaderlessAlarmMs: 60_000,
      clock: at.clock,
    });
  const stateOf = async (): Promise<string> => {
    const { rows } = await at.api.query<{ state: string }>('select state from outbox.outbox_sink where name = $1', [
      at.sink.name,
    ]);
    return rows[0]!.state;
  };
  /** Runs `work` while another process leads the sink. */
  async function whileLed(work: () => Promise<void>): Promise<void> {
    const leader = await at.connectLeader();
    expect(await leader.tryLock()).toBe(true);
    await work();
    await leader.close();
  }

  it('reports once that a sink has had no leader for a minute, and once that it has a leader again', async () => {
    const logs = captureLogs();
    const watch = watchOf();
    const about = () =>
      logs.records
        .filter((line) => line['sink'] === at.sink.name && line['event'] !== 'metrics_measured')
        .map(({ level, event }) => [level, event]);
    await watch.runOnce();
    at.clock.advance(59_000);
    await watch.runOnce();
    expect([about(), watch.leaderless]).toEqual([[], []]);
    at.clock.advance(1_500);
    await watch.runOnce();
    await watch.runOnce();
    expect(about()).toEqual([['WARNING', 'sink_without_leader']]);
    expect(watch.leaderless).toEqual([{ sink: at.sink.name, forMs: expect.any(Number) }]);
    await whileLed(() => watch.runOnce());
    expect(watch.leaderless).toEqual([]);
    expect(about().at(-1)).toEqual(['INFO', 'sink_has_leader']);
    logs.restore();
  });

  it('notices within seconds that the server no longer responds, and logs when it does again', async () => {
    using logs = captureLogs();
    const proxy = await TcpProxy.start(at.database.workerUrl);
    const watch = new SinkMonitor({
      url: proxy.proxyUrl(at.database.workerUrl),
      ownSinks: new Set(),
      leaderlessAlarmMs: 100,
      clock: at.clock,
    });
    const events = () => logs.records.map(({ event }) => event).filter((event) => String(event).startsWith('sink_watch'));
    proxy.dropResponsesTo('outbox_sink');
    const began = performance.now();
    watch.start();
    await pollUntil(() => events().length === 2);
    expect(performance.now() - began).toBeLessThan(30_000);
    await watch.stop();
    expect(events()).toEqual(['sink_watch_failed', 'sink_watch_restored']);
    await proxy.stop();
  });

  it('records as a metric that a sink has no leader, for each sink on its own', async () => {
    const led = new ScriptedSink(`led-${randomUUID()}`, { from: 'now' });
    await registerSinks(at.database.workerUrl, [led], 'spec');
    const leader = new Leader(at.database.workerUrl, { sink: led, clock: at.clock, leaderTimeoutMs: 5000 }, () => undefined);
    await leader.connect();
    expect(await leader.tryLock()).toBe(true);
    const watch = watchOf();
    async function measured(): Promise<unknown[]> {
      flushMetrics(); // discard the metrics of other tests
      using logs = captureLogs();
      await watch.runOnce();
      flushMetrics();
      return [at.sink, led].map(({ name }) => logs.records.find((line) => line['sink'] === name && EMF in line)?.[EMF]);
    }
    expect(await measured()).toEqual([0, 0]);
    at.clock.advance(60_000);
    expect(await measured()).toEqual([1, 0]);
    await whileLed(async () => expect(await measured()).toEqual([0, 0]));
    await leader.close();
  });

  it('neither reports nor measures an observer', async () => {
    const observer = new ScriptedSink(`observer-${randomUUID()}`, { observer: true });
    await registerSinks(at.database.workerUrl, [observer], 'spec');
    await insertEvent(at.api);
    const watch = watchOf();
    flushMetrics(); // discard the metrics of other tests
    using logs = captureLogs();
    await watch.runOnce();
    at.clock.advance(61_000);
    await watch.runOnce();
    flushMetrics();
    expect(watch.leaderless.map(({ sink }) => sink)).toEqual([at.sink.name]);
    expect(logs.records.some((line) => line['sink'] === at.sink.name && eventMetrics.backlog.name in line)).toBe(true);
    expect(logs.records.filter((line) => line['sink'] === observer.name)).toEqual([]);
  });

  describe('for a sink that is registered and that no worker has', () => {
    let gone: ScriptedSink;

    beforeEach(async () => {
      gone = new ScriptedSink(`gone-${randomUUID()}`, { from: 'now' });
      await registerSinks(at.database.workerUrl, [gone], 'spec');
    });

    const storeCursor = (name: string, age: string) =>
      at.queryAsOwner(`insert into outbox.outbox_progress (sink, number, position, snapshot, worker, stored_at)
        select sink, 1, position, snapshot, worker, clock_timestamp() - interval '${age}'
        from outbox.outbox_progress where sink = '${name}' and number = 0`);
    /** Runs a new monitor twice and returns the sinks that it suggests to retire. */
    async function suggested(own: readonly string[] = []): Promise<unknown[]> {
      using logs = captureLogs();
      const watch = watchOf(own);
      await watch.runOnce();
      await watch.runOnce();
      return logs.of('sink_abandoned').map(({ level, sink, hint }) => [level, sink, hint]);
    }

    it('suggests once, at the start, to retire it if workers have run without it', async () => {
      await storeCursor(gone.name, '121 seconds');
      await storeCursor(at.sink.name, '0 seconds');
      expect(await suggested()).toEqual([['WARNING', gone.name, expect.stringContaining(`outbox -- retire ${gone.name} --yes`)]]);
    });

    it('suggests nothing during a rolling deployment, whose gap between two leaders is short', async () => {
      await storeCursor(gone.name, '90 seconds'); // an idle leader stored its last cursor, and stopped a minute later
      await storeCursor(at.sink.name, '0 seconds');
      expect(await suggested()).toEqual([]);
    });

    it('suggests nothing after all workers were stopped for a long time', async () => {
      await storeCursor(gone.name, '10 hours');
      await storeCursor(at.sink.name, '10 hours');
      expect(await suggested()).toEqual([]);
    });

    it('suggests nothing while another worker leads it, or if this worker has it', async () => {
      await storeCursor(at.sink.name, '10 hours');
      await storeCursor(gone.name, '0 seconds');
      expect(await suggested()).toEqual([['WARNING', at.sink.name, expect.any(String)]]);
      expect(await suggested([at.sink.name])).toEqual([]);
      await whileLed(async () => expect(await suggested()).toEqual([]));
    });
  });

  it('retires a sink without a leader, so that its events and other commands no longer wait', async () => {
    const event = await insertEvent(at.api);
    const [pause, retire] = [await at.sendCommand('pause'), await at.sendCommand('retire')];
    expect(await at.statuses([event])).toEqual(['pending']);
    await watchOf().runOnce();
    expect([await stateOf(), (await at.answer(retire)).answer]).toEqual(['retired', { outcome: 'done' }]);
    expect((await at.answer(pause)).answer).toMatchObject({ outcome: 'refused' });
    const other = `other-${randomUUID()}`;
    await at.worker.query(`insert into outbox.outbox_sink (name) values ($1)`, [other]);
    expect(await at.statuses([event])).toEqual(['pending']); // pending at the other sink
    await at.worker.query(`update outbox.outbox_sink set state = 'retired' where name = $1`, [other]);
  });

  it('leaves the retirement to the leader if there is one, and to a relay of this process', async () => {
    const retire = await at.sendCommand('retire');
    await whileLed(() => watchOf().runOnce());
    await watchOf([at.sink.name]).runOnce();
    expect([await stateOf(), (await at.answer(retire)).done_at]).toEqual(['active', null]);
  });
});
