import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { captureLogs } from '@pikaia/logging/testing';
import { OutboxFixture } from '../../../../test/support/outbox/outbox.fixture.js';
import { RelayWithOwnTypes } from '../../../../test/support/outbox/faulty-relays.js';
import { insertEvent, type TestEvent } from '../../../../test/support/outbox/events.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { accepted } from '../delivery/sink.js';
import { registerSinks } from '../log/register-sinks.js';
import { CONFIRM_TYPES, REGISTER_TYPES } from '../log/sink-types.sql.js';

const TIMING = { pollIntervalMs: 1000, storeIntervalMs: 5, leaderTimeoutMs: 5000 };
const OLD_TYPES = ['thing.changed'];
const NEW_TYPES = [...OLD_TYPES, 'thing.painted'];

describe('the event types of a sink', () => {
  const at = useFixture(new OutboxFixture());
  /** The sink of a newer version, which handles one more type. */
  let newer: ScriptedSink;

  beforeEach(async () => {
    await at.reset({ types: OLD_TYPES });
    newer = new ScriptedSink(at.sink.name, { types: NEW_TYPES });
  });

  const paint = (event: Partial<TestEvent> = {}): Promise<TestEvent> => insertEvent(at.api, { type: 'thing.painted', ...event });
  const registerNewer = (): Promise<void> => registerSinks(at.database.workerUrl, [newer], 'newer');
  const runOld = (): Promise<void> => at.runRelayOnce();
  const runNewer = (): Promise<void> => at.runRelayOnce({ sink: newer });
  const openTypes = async (): Promise<string[]> => {
    const { rows } = await at.api.query<{ event_type: string }>(
      'select event_type from outbox.outbox_sink_type where sink = $1 and until_position is null order by event_type',
      [at.sink.name],
    );
    return rows.map(({ event_type }) => event_type);
  };

  it('an old leader keeps the events of a type that a newer worker has registered', async () => {
    await registerNewer();
    const painted = await paint();
    const behind = await insertEvent(at.api);
    await runOld();
    expect(at.sink.ids).toEqual([]);
    expect(await at.statuses([painted, behind])).toEqual(['retrying', 'waiting']);
    await runNewer();
    expect(newer.delivered.map(({ eventId, attempt }) => [eventId, attempt])).toEqual([
      [painted.id, 1],
      [behind.id, 1],
    ]);
    expect(await at.statuses([painted, behind])).toEqual(['published', 'published']);
  });

  it('a leader that takes the types from its own code loses the event (planted)', async () => {
    await registerNewer();
    const painted = await paint();
    const options = { url: at.database.workerUrl, sink: at.sink, worker: 'old', ...TIMING };
    expect(await new RelayWithOwnTypes(options).runOnce()).toBe(true);
    await runNewer();
    expect(await at.statuses([painted])).toEqual(['published']);
    expect(newer.ids).toEqual([]);
  });

  it('keeps such events across a rollback and a second deployment', async () => {
    await registerNewer();
    await runNewer();
    await registerSinks(at.database.workerUrl, [at.sink], 'rolled back');
    const painted = await paint();
    await runOld();
    await runOld();
    expect(await at.statuses([painted])).toEqual(['retrying']);
    await registerNewer();
    await runNewer();
    expect(newer.ids).toEqual([painted.id]);
  });

  it('starts a later type at its registration, also for an event that was inserted before and commits after it', async () => {
    const before = await paint({ aggregate: 'before' });
    await at.worker.query('begin');
    const open = await insertEvent(at.worker, { type: 'thing.painted', aggregate: 'open' });
    await registerNewer();
    await at.worker.query('commit');
    const after = await paint({ aggregate: 'after' });
    await runOld();
    expect(await at.statuses([before, open, after])).toEqual(['not_wanted', 'retrying', 'retrying']);
    await runNewer();
    expect(new Set(newer.ids)).toEqual(new Set([open.id, after.id]));
  });

  it('registers the first types of a sink from the start of the sink', async () => {
    const event = await insertEvent(at.api);
    const first = new ScriptedSink(`${at.sink.name}-first`, { from: 'beginning', types: OLD_TYPES });
    await registerSinks(at.database.workerUrl, [first], 'spec');
    await at.runRelayOnce({ sink: first });
    expect(first.ids).toContain(event.id);
  });

  it('every event reports not_wanted or is handled, however it is interleaved with a registration', async () => {
    /** Passes an event while the registration is uncommitted, so that the leader does not see it. */
    async function registerAroundRead(confirm: boolean): Promise<string[]> {
      await at.worker.query('begin');
      await at.worker.query(REGISTER_TYPES, [at.sink.name, NEW_TYPES, 'newer']);
      const event = await paint();
      await runOld();
      await at.worker.query('commit');
      if (confirm) await at.worker.query(CONFIRM_TYPES, [at.sink.name]);
      return at.statuses([event]);
    }
    expect(await registerAroundRead(true)).toEqual(['not_wanted']);
    await at.reset({ types: OLD_TYPES });
    expect(await registerAroundRead(false)).toEqual(['published']); // planted: without the second statement
  });

  describe('a replay', () => {
    it('handles an event from before the registration for the first time, and an event that was handled again', async () => {
      const early = await paint();
      await runOld();
      await registerNewer();
      const id = await at.replay({ event_type: 'thing.painted' });
      await runNewer();
      expect(newer.delivered.map(({ eventId, replayed }) => [eventId, replayed])).toEqual([[early.id, undefined]]);
      expect((await at.answer(id)).answer).toMatchObject({ outcome: 'done', matched: 1, sent: 1 });
      expect(await at.statuses([early])).toEqual(['published']);
      const again = await at.replay({ event_type: 'thing.painted' });
      await runNewer();
      expect(newer.delivered.map(({ replayed }) => replayed)).toEqual([undefined, again]);
    });

    it('of published events leaves out the events that were never handled', async () => {
      await paint();
      await runOld();
      await registerNewer();
      const id = await at.replay({ event_type: 'thing.painted', status: 'published' });
      await runNewer();
      expect((await at.answer(id)).answer).toMatchObject({ outcome: 'done', matched: 0 });
    });

    it('leaves out the types that the sink has not registered', async () => {
      await paint();
      await runOld();
      const id = await at.replay({ event_type: 'thing.painted' });
      await runOld();
      expect((await at.answer(id)).answer).toMatchObject({ outcome: 'done', matched: 0 });
    });
  });

  describe('drop_type', () => {
    it('skips the open deliveries of the type, releases the events behind them and passes later events', async () => {
      await registerNewer();
      const painted = await paint();
      const behind = await insertEvent(at.api);
      await runOld();
      const id = await at.sendCommand('drop_type', { event_type: 'thing.painted' });
      await runOld();
      expect((await at.answer(id)).answer).toEqual({ outcome: 'done', skipped: 1 });
      await runOld();
      const later = await paint();
      await runOld();
      expect(await at.statuses([painted, behind, later])).toEqual(['skipped', 'published', 'not_wanted']);
      expect(at.sink.ids).toEqual([behind.id]);
      expect(await openTypes()).toEqual(OLD_TYPES);
    });

    it('a running relay starts a new term without the type', async () => {
      await registerNewer();
      const relay = at.createRelay({ pollIntervalMs: 20 });
      relay.start();
      try {
        const id = await at.sendCommand('drop_type', { event_type: 'thing.painted' });
        await pollUntil(async () => (await at.answer(id)).done_at);
        await at.pollStatus(await paint(), 'not_wanted');
        await at.pollStatus(await insertEvent(at.api), 'published');
      } finally {
        await relay.stop();
      }
    });

    it('sends no event twice whose call is in flight when the type is dropped', async () => {
      await registerNewer();
      const event = await insertEvent(at.api);
      let finish: () => void = () => undefined;
      at.sink.outcomes.set(event.id, () => new Promise((resolve) => (finish = () => resolve(accepted))));
      const relay = at.createRelay({ pollIntervalMs: 20 });
      relay.start();
      try {
        await pollUntil(() => at.sink.ids.includes(event.id));
        const id = await at.sendCommand('drop_type', { event_type: 'thing.painted' });
        await pollUntil(async () => (await at.answer(id)).done_at);
        finish();
        at.sink.outcomes.clear();
        await at.pollStatus(await insertEvent(at.api, { aggregate: 'next' }), 'published');
        expect(at.sink.ids.filter((sent) => sent === event.id)).toHaveLength(1);
      } finally {
        await relay.stop();
      }
    });

    it('is refused while the worker handles the type, and for a type that is not registered', async () => {
      const [handled, unknown, invalid] = [
        await at.sendCommand('drop_type', { event_type: 'thing.changed' }),
        await at.sendCommand('drop_type', { event_type: 'thing.sold' }),
        await at.sendCommand('drop_type', {}),
      ];
      await runOld();
      for (const id of [handled, unknown, invalid]) expect((await at.answer(id)).answer).toMatchObject({ outcome: 'refused' });
      expect(await openTypes()).toEqual(OLD_TYPES);
    });

    it('is refused for a sink that receives every type, with this reason', async () => {
      await at.reset({ types: null });
      const id = await at.sendCommand('drop_type', { event_type: 'thing.painted' });
      await runOld();
      expect((await at.answer(id)).answer).toEqual({
        outcome: 'refused',
        reason: `${at.sink.name} receives every event type, so thing.painted cannot be dropped. Pause and retire the sink if nobody needs it.`,
      });
    });

    it('a worker that handles the type again registers it with a new start', async () => {
      await registerNewer();
      await at.sendCommand('drop_type', { event_type: 'thing.painted' });
      await runOld();
      const between = await paint();
      await registerNewer();
      const after = await paint();
      await runNewer();
      expect(newer.ids).toEqual([after.id]);
      expect(await at.statuses([between])).toEqual(['not_wanted']);
    });
  });

  it('a worker without a handler for a registered type says so once', async () => {
    await registerNewer();
    const logs = captureLogs();
    await registerSinks(at.database.workerUrl, [at.sink], 'spec');
    await registerNewer();
    logs.restore();
    expect(logs.records.filter(({ event }) => event === 'sink_types_unhandled')).toMatchObject([
      { sink: at.sink.name, event_types: ['thing.painted'] },
    ]);
  });

  it('a sink of every type receives a type that no worker has registered', async () => {
    await at.reset({ types: null });
    const painted = await paint();
    await runOld();
    expect(at.sink.ids).toEqual([painted.id]);
    expect(await at.statuses([painted])).toEqual(['published']);
  });
});
