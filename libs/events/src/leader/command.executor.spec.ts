import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { OutboxFixture } from '../../../../test/support/outbox/outbox.fixture.js';
import { insertEvent } from '../../../../test/support/outbox/events.js';
import { refused } from '../../../../test/support/outbox/scripted-sink.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { accepted, type Outcome } from '../delivery/sink.js';

const dead: Outcome = { kind: 'refused', error: new Error('no'), maxAttempts: 1 };

describe('commands of operators', () => {
  const at = useFixture(new OutboxFixture());

  const stateOf = async (): Promise<string> => {
    const { rows } = await at.api.query<{ state: string }>('select state from outbox.outbox_sink where name = $1', [
      at.sink.name,
    ]);
    return rows[0]!.state;
  };

  describe('pause and resume', () => {
    it('a paused sink sends nothing, including retries, until it is resumed', async () => {
      const retried = await insertEvent(at.api, { aggregate: 'r' });
      at.sink.outcomes.set(retried.id, refused());
      await at.runRelayOnce();
      at.sink.outcomes.clear();
      const pause = await at.sendCommand('pause');
      const events = [await insertEvent(at.api, { aggregate: 'a' }), await insertEvent(at.api, { aggregate: 'b' })];
      at.clock.advance(60_000);
      await at.runRelayOnce();
      expect([await stateOf(), (await at.answer(pause)).answer]).toEqual(['paused', { outcome: 'done' }]);
      await at.runRelayOnce(); // the next leader loads the same state
      expect(at.sink.ids).toEqual([retried.id]);
      expect(await at.statuses([retried, ...events])).toEqual(['retrying', 'pending', 'pending']);
      await at.sendCommand('resume');
      await at.runRelayOnce();
      expect(await at.statuses([retried, ...events])).toEqual(['published', 'published', 'published']);
      expect(at.sink.ids).toHaveLength(4);
    });

    it('a busy leader notices a pause without a notification', async () => {
      const relay = at.createRelay({ pollIntervalMs: 20 });
      relay.start();
      try {
        const pause = await at.sendCommand('pause');
        await pollUntil(async () => (await at.answer(pause)).done_at);
        const event = await insertEvent(at.api);
        const resume = await at.sendCommand('resume');
        await pollUntil(async () => (await at.answer(resume)).done_at);
        await pollUntil(() => at.sink.ids.includes(event.id));
        expect(relay.health().state).toBe('leading');
      } finally {
        await relay.stop();
      }
    });

    it('a failing sink is not paused, and resuming it does not close the circuit breaker', async () => {
      const event = await insertEvent(at.api);
      at.sink.defaultOutcome = { kind: 'transport', error: new Error('down') };
      await at.runRelayOnce();
      expect(await stateOf()).toBe('active');
      await at.sendCommand('pause');
      await at.runRelayOnce();
      await at.sendCommand('resume');
      await at.runRelayOnce();
      const { rows } = await at.api.query<{ last_error: string }>('select last_error from outbox.outbox_sink where name = $1', [
        at.sink.name,
      ]);
      expect(rows[0]!.last_error).toBe('Error: down');
      at.sink.defaultOutcome = undefined;
      await at.runRelayOnce();
      expect(await at.statuses([event])).toEqual(['published']);
    });

    it('reports a paused, a failing and an advancing sink differently', async () => {
      const relay = at.createRelay({ pollIntervalMs: 10, stalledAfterMs: 1000 });
      const progress = (expected: string) => pollUntil(() => relay.health().progress === expected);
      relay.start();
      try {
        await progress('advancing');
        at.sink.defaultOutcome = { kind: 'transport', error: new Error('down') };
        await insertEvent(at.api);
        relay.wake();
        await pollUntil(() => at.sink.ids.length);
        at.clock.advance(1000);
        await progress('failing');
        await at.sendCommand('pause');
        await progress('paused');
        at.sink.defaultOutcome = undefined;
        await at.sendCommand('resume');
        at.clock.advance(300_000);
        await progress('advancing');
      } finally {
        await relay.stop();
      }
    });

    it('answers that nothing changed if the sink already has the state', async () => {
      const resume = await at.sendCommand('resume');
      await at.runRelayOnce();
      expect((await at.answer(resume)).answer).toEqual({ outcome: 'done', unchanged: true });
    });
  });

  describe('skip', () => {
    it('skips the head of a blocked aggregate and releases only the next event', async () => {
      const [head, second, third] = [await insertEvent(at.api), await insertEvent(at.api), await insertEvent(at.api)];
      at.sink.outcomes.set(head.id, dead);
      await at.runRelayOnce();
      at.sink.outcomes.set(second.id, refused());
      const skip = await at.sendCommand('skip', { event_id: head.id });
      await at.runRelayOnce();
      expect((await at.answer(skip)).answer).toEqual({ outcome: 'done', was: 'failed' });
      expect(await at.statuses([head, second, third])).toEqual(['skipped', 'retrying', 'waiting']);
      expect(at.sink.ids).toEqual([head.id, second.id]);
      await at.sendCommand('skip', { event_id: second.id });
      await at.runRelayOnce();
      expect(await at.statuses([head, second, third])).toEqual(['skipped', 'skipped', 'published']);
      const later = await insertEvent(at.api);
      await at.runRelayOnce();
      expect(await at.statuses([later])).toEqual(['published']);
    });

    it('refuses to skip an event behind a head, which it names, and an event without an open delivery', async () => {
      const [head, behind] = [await insertEvent(at.api), await insertEvent(at.api)];
      at.sink.outcomes.set(head.id, dead);
      await at.runRelayOnce();
      const fine = await insertEvent(at.api, { aggregate: 'b' });
      const asked = [await at.sendCommand('skip', { event_id: behind.id }), await at.sendCommand('skip', { event_id: fine.id })];
      await at.runRelayOnce();
      const [waits, holdsNone] = await Promise.all(asked.map((id) => at.answer(id)));
      expect(waits!.answer).toEqual({ outcome: 'refused', reason: expect.stringContaining(`behind ${head.id}`) });
      expect(holdsNone!.answer).toEqual({ outcome: 'refused', reason: expect.stringContaining('no open delivery') });
      expect(await at.statuses([head, behind])).toEqual(['failed', 'waiting']);
    });

    it('does not skip an event of another organization', async () => {
      const head = await insertEvent(at.api);
      at.sink.outcomes.set(head.id, dead);
      await at.runRelayOnce();
      const skip = await at.sendCommand('skip', { event_id: head.id }, 'somebody');
      await at.runRelayOnce();
      expect((await at.answer(skip)).answer).toMatchObject({ outcome: 'refused' });
      expect(await at.statuses([head])).toEqual(['failed']);
    });

    it('waits for an attempt in flight and decides by its outcome', async () => {
      const head = await insertEvent(at.api);
      at.sink.outcomes.set(head.id, refused());
      await at.runRelayOnce();
      let answer: (outcome: Outcome) => void = () => undefined;
      at.sink.outcomes.set(head.id, () => new Promise<Outcome>((resolve) => (answer = resolve)));
      at.clock.advance(1000);
      const relay = at.createRelay({ pollIntervalMs: 20 });
      relay.start();
      try {
        await pollUntil(() => at.sink.ids.length === 2);
        const skip = await at.sendCommand('skip', { event_id: head.id });
        relay.wakeForCommand();
        expect((await at.answer(skip)).done_at).toBeNull();
        answer(accepted);
        await pollUntil(async () => (await at.answer(skip)).done_at);
        expect((await at.answer(skip)).answer).toMatchObject({
          outcome: 'refused',
          reason: expect.stringContaining('published'),
        });
      } finally {
        await relay.stop();
      }
      expect(await at.statuses([head])).toEqual(['published']);
    });

    it('skips a single event in an unordered sink', async () => {
      await at.reset({ ordering: 'none' });
      const [first, second] = [await insertEvent(at.api), await insertEvent(at.api)];
      at.sink.defaultOutcome = dead;
      await at.runRelayOnce();
      await at.sendCommand('skip', { event_id: second.id });
      await at.runRelayOnce();
      expect(await at.statuses([first, second])).toEqual(['failed', 'skipped']);
    });
  });

  describe('retire', () => {
    it('is refused while the sink is active, and is final once the sink is paused', async () => {
      const hasty = await at.sendCommand('retire');
      await at.runRelayOnce();
      expect([await stateOf(), (await at.answer(hasty)).answer]).toEqual([
        'active',
        { outcome: 'refused', reason: expect.stringContaining('Pause the sink first') },
      ]);
      await at.sendCommand('pause');
      await at.sendCommand('retire');
      await insertEvent(at.api);
      const relay = at.createRelay({ pollIntervalMs: 20 });
      relay.start();
      await pollUntil(() => relay.health().state === 'retired');
      await relay.stop();
      expect(await stateOf()).toBe('retired');
      await at.runRelayOnce(); // a new leader does not reactivate it
      expect(at.sink.ids).toEqual([]);
    });
  });
});
