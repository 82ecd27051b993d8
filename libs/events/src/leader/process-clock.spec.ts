import { systemClock, type Clock } from '@pikaia/core';
import { flushMetrics } from '@pikaia/logging';
import { captureLogs } from '@pikaia/logging/testing';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { insertEvent, type TestEvent } from '../../../../test/support/outbox/events.js';
import { OutboxFixture } from '../../../../test/support/outbox/outbox.fixture.js';
import { refused } from '../../../../test/support/outbox/scripted-sink.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { measureSinks } from '../worker/sink.metrics.js';
import { eventMetrics } from '../metrics.js';
import { SinkRelay } from './sink.relay.js';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000; // far more than the test takes, and far less than the clock is wrong

describe.each([
  ['an hour ahead', HOUR_MS],
  ['an hour behind', -HOUR_MS],
])('a worker and a publisher whose clocks are %s', (_, aheadMs) => {
  const at = useFixture(new OutboxFixture());
  const clock: Clock = { ...systemClock, now: () => new Date(Date.now() + aheadMs) };

  const createRelay = (options: object = {}) =>
    new SinkRelay({
      url: at.database.workerUrl,
      sink: at.sink,
      worker: 'spec',
      clock,
      random: () => 1,
      pollIntervalMs: 50,
      storeIntervalMs: 5,
      leaderTimeoutMs: 5000,
      ...options,
    });

  async function publish(): Promise<TestEvent> {
    const event = await insertEvent(at.api);
    await at.queryAsOwner(
      `update outbox.outbox_log set occurred_at = occurred_at + ${aheadMs} * interval '1 ms' where event_id = '${event.id}'`,
    );
    return event;
  }

  /** Age of a stored time by the clock of the database, in milliseconds. */
  async function ageOf(column: string, table: string, event?: TestEvent): Promise<number> {
    const { rows } = await at.api.query<{ age: number }>(
      `select (extract(epoch from clock_timestamp() - ${column}) * 1000)::float8 as age from outbox.${table}
       where ${event ? 'sink = $1 and event_id = $2' : 'name = $1'}`,
      event ? [at.sink.name, event.id] : [at.sink.name],
    );
    return rows[0]!.age;
  }
  const expectRecent = (ageMs: number) => {
    expect(ageMs).toBeGreaterThanOrEqual(-MINUTE_MS);
    expect(ageMs).toBeLessThan(MINUTE_MS);
  };

  it('measure the latency of a first delivery and of a retry by the clock of the database', async () => {
    flushMetrics();
    using logs = captureLogs();
    const [first, second] = [await publish(), await publish()];
    let isRefused = false;
    at.sink.outcomes.set(second.id, () => (isRefused ? { kind: 'accepted' } : ((isRefused = true), refused())));
    const relay = createRelay();
    relay.start();
    await at.pollStatus(first, 'published');
    await at.pollStatus(second, 'published');
    await relay.stop();
    flushMetrics();
    const latencies = logs.records.flatMap((line) => (line[eventMetrics.publishLatency.name] as number | number[]) ?? []);
    expect(latencies).toHaveLength(2);
    for (const latency of latencies) expect(latency).toBeGreaterThan(0);
    expect(Math.max(...latencies)).toBeGreaterThanOrEqual(1000); // the delay of the retry
    expect(Math.max(...latencies)).toBeLessThan(MINUTE_MS);
  });

  it('report the lag of a sink by the clock of the database', async () => {
    let release = () => {};
    at.sink.defaultOutcome = () => new Promise((resolve) => (release = () => resolve({ kind: 'accepted' })));
    await publish();
    const relay = createRelay();
    relay.start();
    const lagMs = await pollUntil(
      () => relay.health().term?.lagMs ?? 0,
      (lag) => lag > 0,
    );
    expect(lagMs).toBeLessThan(MINUTE_MS);
    flushMetrics();
    using logs = captureLogs();
    await measureSinks(at.worker);
    flushMetrics();
    const [line] = logs.records.filter((record) => record['sink'] === at.sink.name && eventMetrics.oldestPending.name in record);
    expect(line![eventMetrics.oldestPending.name]).toBeLessThan(60);
    release();
    await relay.stop();
  });

  it('store times of failures and of the next attempt that another worker can use', async () => {
    const event = await publish();
    at.sink.outcomes.set(event.id, refused());
    await createRelay().runOnce();
    expectRecent(await ageOf('next_attempt_at', 'outbox_delivery', event));
    expectRecent(await ageOf('attempted_at', 'outbox_attempt', event));
    at.sink.outcomes.clear();
    const other = createRelay({ clock: systemClock });
    other.start();
    await at.pollStatus(event, 'published');
    await other.stop();
  });

  it('retry an event when a worker with a correct clock would', async () => {
    const event = await publish();
    at.sink.outcomes.set(event.id, refused());
    await createRelay({ clock: systemClock }).runOnce();
    await createRelay().runOnce();
    expect(at.sink.delivered).toHaveLength(1); // not early
    at.sink.outcomes.clear();
    const relay = createRelay();
    relay.start();
    await at.pollStatus(event, 'published');
    await relay.stop();
  });

  it('store since when a sink and its leaders fail by the clock of the database', async () => {
    await publish();
    at.sink.defaultOutcome = { kind: 'transport', error: new Error('away') };
    await createRelay().runOnce();
    expectRecent(await ageOf('failing_since', 'outbox_sink'));
    at.sink.defaultOutcome = undefined;
    using _logs = captureLogs();
    await at.queryAsOwner(`create function outbox.planted() returns trigger language plpgsql as $$ begin raise 'planted'; end $$;
      create trigger planted before insert on outbox.outbox_progress for each row execute function outbox.planted()`);
    const relay = createRelay({ random: () => 0 });
    relay.start();
    await pollUntil(async () => (await ageOf('leader_failing_since', 'outbox_sink')) !== null);
    expectRecent(await ageOf('leader_failing_since', 'outbox_sink'));
    await relay.stop(0);
    await at.queryAsOwner('drop function outbox.planted() cascade');
  });
});
