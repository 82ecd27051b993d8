import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { OutboxFixture } from '../../../../test/support/outbox/outbox.fixture.js';
import { insertEvent } from '../../../../test/support/outbox/events.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { accepted, type Outcome, type SinkEvent } from '../delivery/sink.js';

const EVENTS = 250;

describe('cancel', () => {
  const at = useFixture(new OutboxFixture());

  const replayed = (): SinkEvent[] => at.sink.delivered.filter((event) => event.replayed !== undefined);
  const cancel = (id: string) => at.sendCommand('cancel', { command_id: id });

  /** Delivers events, and starts a replay whose calls stay in flight until `release`. */
  async function holdReplay(): Promise<{ id: string; release: () => void }> {
    for (let i = 0; i < EVENTS; i++) await insertEvent(at.api, { aggregate: `a${i}` });
    await at.runRelayOnce();
    const held: ((outcome: Outcome) => void)[] = [];
    at.sink.defaultOutcome = (event) =>
      event.replayed === undefined ? accepted : new Promise<Outcome>((resolve) => held.push(resolve));
    return { id: await at.replay({}), release: () => held.splice(0).forEach((resolve) => resolve(accepted)) };
  }

  it('ends a replay once no event of it is in flight, sends nothing more, and counts what was sent', async () => {
    const { id, release } = await holdReplay();
    const relay = at.createRelay({ pollIntervalMs: 10 });
    relay.start();
    try {
      await pollUntil(() => replayed().length > 0);
      const canceled = await cancel(id);
      await pollUntil(async () => (await at.answer(canceled)).done_at);
      expect((await at.answer(id)).done_at).toBeNull();
      const sent = replayed().length;
      release();
      await pollUntil(async () => (await at.answer(id)).done_at);
      expect(await at.answer(canceled)).toMatchObject({ answer: { outcome: 'done' } });
      expect(await at.answer(id)).toMatchObject({ answer: { outcome: 'done', dry_run: false, canceled: true, sent } });
      expect(sent).toBeLessThan(EVENTS);
      const live = await insertEvent(at.api, {});
      relay.wake();
      await at.pollStatus(live, 'published');
      expect(replayed()).toHaveLength(sent);
    } finally {
      release();
      await relay.stop();
    }
  });

  it('holds after the leader is killed before the replay has ended', async () => {
    const { id, release } = await holdReplay();
    const relay = at.createRelay({ pollIntervalMs: 10 });
    relay.start();
    await pollUntil(() => replayed().length > 0);
    const canceled = await cancel(id);
    await pollUntil(async () => (await at.answer(canceled)).done_at);
    await at.queryAsOwner(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pikaia-relay ${at.sink.name}'`,
    );
    await relay.stop(0);
    release();
    at.sink.defaultOutcome = undefined;
    const sent = replayed().length;
    await at.runRelayOnce();
    expect(await at.answer(id)).toMatchObject({ answer: { outcome: 'done', canceled: true } });
    expect(replayed()).toHaveLength(sent);
  });

  it('ends a replay of a paused sink, and a replay that waits for another one', async () => {
    await insertEvent(at.api);
    await at.runRelayOnce();
    await at.sendCommand('pause');
    const ids = [await at.replay({}), await at.replay({}, { dry_run: true })];
    for (const id of ids.toReversed()) await cancel(id);
    const relay = at.createRelay({ pollIntervalMs: 10 });
    relay.start();
    for (const id of ids) await pollUntil(async () => (await at.answer(id)).done_at);
    await relay.stop();
    for (const id of ids) expect(await at.answer(id)).toMatchObject({ answer: { outcome: 'done', canceled: true, matched: 0 } });
    expect(replayed()).toEqual([]);
  });

  it('is refused for a replay that has ended or that the sink does not know', async () => {
    const ended = await at.replay({});
    await at.runRelayOnce();
    const commands = [await cancel(ended), await cancel('019c12f4-7175-7abc-8504-af03c46f1d1b')];
    await at.runRelayOnce();
    for (const id of commands)
      expect(await at.answer(id)).toMatchObject({ answer: { outcome: 'refused', reason: expect.stringContaining('no replay') } });
  });
});
