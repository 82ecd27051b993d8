import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { insertEvent, statusOf } from '../../../../test/support/outbox/events.js';
import { ManualClock, ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { SinkRelay } from './sink.relay.js';
import { registerSinks } from '../log/register-sinks.js';
import { accepted, type Outcome } from '../delivery/sink.js';

const throttled: Outcome = { kind: 'transport', error: new Error('throttled') };

describe('transport failures', () => {
  let database: TestDatabase;
  let api: pg.Client;
  let sink: ScriptedSink;
  let clock: ManualClock;
  let relay: SinkRelay;

  beforeAll(async () => {
    database = await createDatabase();
    api = await connect(database.ownerUrl);
  });

  beforeEach(async () => {
    await api.query(`update outbox.outbox_sink set state = 'retired'`); // ignore the sinks of other tests
    const limits = { maxBatchEvents: 3, maxBatchBytes: 1e6, maxConcurrency: 4 };
    sink = new ScriptedSink(`scripted-${randomUUID()}`, { from: 'now', ordering: 'none', limits });
    clock = new ManualClock();
    await registerSinks(database.workerUrl, [sink], 'spec');
    const timing = { pollIntervalMs: 10, storeIntervalMs: 5, leaderTimeoutMs: 5000 };
    relay = new SinkRelay({
      url: database.workerUrl,
      sink,
      worker: 'spec',
      clock,
      databaseClock: clock,
      random: () => 1,
      ...timing,
    });
    relay.start();
  });

  afterEach(() => relay.stop(100));
  afterAll(async () => {
    await api.end();
    await database.drop();
  });

  const deliveries = async () => {
    const { rows } = await api.query<{ status: string; attempts: number }>(
      'select status, attempts from outbox.outbox_delivery where sink = $1',
      [sink.name],
    );
    return rows;
  };
  const times = (id: string): number => sink.ids.filter((other) => other === id).length;
  const published = (id: string) =>
    pollUntil(
      () => statusOf(api, id),
      ({ status }) => status === 'published',
    );
  /** The clock stands still between steps, so that only an elapsed pause can cause a call. */
  async function afterPause(ms: number, done: () => boolean): Promise<void> {
    clock.advance(ms);
    relay.wake();
    await pollUntil(done);
  }

  it('a transport failure of one entry delays only that entry until its next attempt', async () => {
    const bad = (await insertEvent(api)).id;
    sink.outcomes.set(bad, throttled);
    await pollUntil(() => times(bad) === 1);
    for (let i = 0; i < 5; i++) {
      const other = (await insertEvent(api)).id;
      await pollUntil(() => times(other) === 1);
    }
  });

  it('an entry that alone fails for 30 s becomes a retrying delivery without using an attempt', async () => {
    await api.query('begin');
    const bad = (await insertEvent(api)).id;
    const beside = (await insertEvent(api)).id;
    await api.query('commit');
    sink.outcomes.set(bad, throttled);
    await pollUntil(() => times(bad) === 1 && times(beside) === 1);
    expect((await statusOf(api, beside)).status).toBe('pending'); // accepted, but the cursor waits
    for (let attempt = 2; (await deliveries()).length === 0 && attempt < 20; attempt++) {
      const before = times(bad);
      const other = (await insertEvent(api)).id;
      await pollUntil(() => times(other) === 1);
      await afterPause(16_000, () => times(bad) > before);
      await pollUntil(async () => times(bad) < 4 || (await deliveries()).length === 1);
    }
    expect(await deliveries()).toEqual([{ status: 'retrying', attempts: 0 }]);
    await published(beside);
    sink.outcomes.clear();
    clock.advance(300_000);
    relay.wake();
    await published(bad);
    expect(await statusOf(api, bad)).toMatchObject({ attempts: 0 });
  });

  it('a failed call opens the circuit breaker, and after the pause a single call probes the sink', async () => {
    sink.defaultOutcome = throttled;
    await api.query('begin');
    const ids: string[] = [];
    for (let i = 0; i < 30; i++) ids.push((await insertEvent(api)).id);
    await api.query('commit');
    relay.wake();
    await pollUntil(() => sink.delivered.length > 0);
    const first = sink.delivered.length; // the calls in flight together
    let open = 0;
    let most = 0;
    sink.defaultOutcome = async () => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setImmediate(resolve));
      open--;
      return throttled;
    };
    await afterPause(1000, () => sink.delivered.length > first);
    expect(sink.delivered.length - first).toBe(3); // one call of three entries
    expect(most).toBe(3);
    const second = sink.delivered.length;
    clock.advance(1900); // the pause is two seconds now
    relay.wake();
    expect(relay.health().term?.failingSince).toEqual(new Date(1_800_000_000_000));
    expect(sink.delivered.length).toBe(second);
    sink.defaultOutcome = accepted;
    clock.advance(100);
    relay.wake();
    for (const id of ids) await published(id);
    expect(await deliveries()).toEqual([]);
    await pollUntil(() => relay.health().term?.failingSince === null);
  });

  it('a call that hangs does not open the circuit breaker if other calls reached the sink meanwhile', async () => {
    const hung = (await insertEvent(api)).id;
    let fail: () => void = () => undefined;
    sink.outcomes.set(hung, () => new Promise((resolve) => (fail = () => resolve(throttled))));
    await pollUntil(() => times(hung) === 1);
    const other = (await insertEvent(api)).id;
    await pollUntil(() => times(other) === 1);
    fail();
    await pollUntil(() => relay.health().term?.failingSince);
    const next = (await insertEvent(api)).id;
    await pollUntil(() => times(next) === 1); // the clock stands still, so no pause ends
    expect(times(hung)).toBe(1);
  });

  it('the sink recovers only once no entry waits for a retry', async () => {
    const bad = (await insertEvent(api)).id;
    sink.outcomes.set(bad, throttled);
    await pollUntil(() => relay.health().term?.failingSince instanceof Date);
    const other = (await insertEvent(api)).id;
    await pollUntil(() => times(other) === 1);
    expect(relay.health().term?.failingSince).toBeInstanceOf(Date);
    sink.outcomes.clear();
    clock.advance(60_000);
    relay.wake();
    await published(bad);
    expect(relay.health().term?.failingSince).toBeNull();
  });
});
