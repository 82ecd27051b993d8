import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { OutboxFixture } from '../../../../test/support/outbox/outbox.fixture.js';
import { insertEvent, statusOf, type TestEvent } from '../../../../test/support/outbox/events.js';
import { refused } from '../../../../test/support/outbox/scripted-sink.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { accepted, type Outcome, type SinkEvent } from '../delivery/sink.js';

const dead: Outcome = { kind: 'refused', error: new Error('mailbox full'), maxAttempts: 1 };

describe('replay', () => {
  const at = useFixture(new OutboxFixture());

  const publish = async (count: number, event: Partial<TestEvent> = {}): Promise<TestEvent[]> => {
    const events: TestEvent[] = [];
    for (let i = 0; i < count; i++) events.push(await insertEvent(at.api, { aggregate: `a${i}`, ...event }));
    return events;
  };
  const replayed = (): SinkEvent[] => at.sink.delivered.filter((event) => event.replayed !== undefined);

  it('resends an event with the replay id and changes neither its status nor its publication time', async () => {
    const [event, other] = (await publish(2)) as [TestEvent, TestEvent];
    await at.runRelayOnce();
    const before = await statusOf(at.api, event.id);
    const id = await at.replay({ event_id: event.id });
    await at.runRelayOnce();
    expect(replayed()).toMatchObject([{ eventId: event.id, replayed: id, attempt: 1 }]);
    expect(await statusOf(at.api, event.id)).toEqual(before);
    expect((await at.answer(id)).answer).toEqual({
      outcome: 'done',
      dry_run: false,
      matched: 1,
      sent: 1,
      skipped: 0,
      dead_letters: 0,
      failed: 0,
    });
    expect(at.sink.ids.filter((sent) => sent === other.id)).toHaveLength(1);
  });

  it('a dry run counts the events and sends nothing', async () => {
    const [event] = (await publish(3)) as [TestEvent];
    at.sink.outcomes.set(event.id, dead);
    await at.runRelayOnce();
    const id = await at.replay({ event_type: 'thing.changed' }, { dry_run: true });
    await at.runRelayOnce();
    expect((await at.answer(id)).answer).toEqual({ outcome: 'done', dry_run: true, matched: 3, dead_letters: 1 });
    expect(at.sink.ids).toHaveLength(3);
    expect(await at.statuses([event])).toEqual(['failed']);
  });

  it.each([
    ['type', (e: TestEvent) => ({ event_type: e.type }), 1],
    ['aggregate', (e: TestEvent) => ({ aggregate_type: 'thing', aggregate_id: e.aggregate }), 1],
    ['correlation id', (e: TestEvent) => ({ correlation_id: e.correlationId }), 1],
    ['organization', () => ({ organization_id: 'nobody' }), 0],
    ['time', () => ({ from: '2000-01-01T00:00:00Z', to: '2001-01-01T00:00:00Z' }), 0],
    ['status', () => ({ status: 'failed' }), 0],
    ['error', () => ({ error: 'full' }), 0],
    ['actor', () => ({ actor_id: 'actor-1' }), 1],
    ['fingerprint', () => ({ fingerprint: 'aaaaaaaaaaaaaaaa' }), 0],
    ['ids', (e: TestEvent) => ({ event_ids: [e.id, e.id] }), 1],
    ['ids of which none exists', () => ({ event_ids: ['019c12f4-7175-7abc-8504-af03c46f1d1b'] }), 0],
    ['ids and another condition', (e: TestEvent) => ({ event_ids: [e.id], event_type: 'thing.changed' }), 0],
    ['an id that is not among the ids', (e: TestEvent) => ({ event_id: e.id, event_ids: [] }), 0],
    ['nothing', () => ({}), 3],
  ])('replays only the events that match by %s', async (_, filter, count) => {
    await publish(2);
    const odd = await insertEvent(at.api, { type: 'thing.painted', aggregate: 'odd', actor: { type: 'user', id: 'actor-1' } });
    await at.runRelayOnce();
    const id = await at.replay(filter(odd));
    await at.runRelayOnce();
    expect((await at.answer(id)).answer).toMatchObject({ matched: count, sent: count });
    expect(replayed()).toHaveLength(count);
  });

  it('does not replay events that were not delivered: pending, waiting or retrying', async () => {
    const [held, behind] = [await insertEvent(at.api), await insertEvent(at.api)];
    at.sink.outcomes.set(held.id, refused());
    await at.runRelayOnce();
    const id = await at.replay({}); // requested before the next event, which is then pending
    const pending = await insertEvent(at.api, { aggregate: 'b' });
    await at.runRelayOnce();
    expect((await at.answer(id)).answer).toMatchObject({ matched: 0, sent: 0 });
    expect(replayed()).toEqual([]);
    expect(await at.statuses([held, behind, pending])).toEqual(['retrying', 'waiting', 'published']);
  });

  it('retries dead letters as first deliveries and keeps the order of the events that wait', async () => {
    const [head, behind] = [await insertEvent(at.api), await insertEvent(at.api)];
    const [other] = await publish(1, { aggregate: 'other' });
    for (const { id } of [head, other!]) at.sink.outcomes.set(id, dead);
    await at.runRelayOnce();
    at.sink.outcomes.clear();
    const one = await at.replay({ event_id: head.id });
    await at.runRelayOnce();
    expect((await at.answer(one)).answer).toMatchObject({ matched: 1, sent: 0, dead_letters: 1 });
    expect(await at.statuses([head, behind, other!])).toEqual(['published', 'published', 'failed']);
    expect(at.sink.ids.slice(2)).toEqual([head.id, behind.id]);
    expect(replayed()).toEqual([]);
    const all = await at.replay({ status: 'failed', error: 'MAILBOX' });
    await at.runRelayOnce();
    expect((await at.answer(all)).answer).toMatchObject({ matched: 1, dead_letters: 1 });
    expect(await at.statuses([other!])).toEqual(['published']);
  });

  it('retries only the dead letters with the fingerprint of one error', async () => {
    const [full, gone] = (await publish(2)) as [TestEvent, TestEvent];
    at.sink.outcomes.set(full.id, dead);
    at.sink.outcomes.set(gone.id, { kind: 'refused', error: new Error('mailbox gone'), maxAttempts: 1 });
    await at.runRelayOnce();
    at.sink.outcomes.clear();
    const { rows } = await at.api.query<{ fingerprint: string }>(
      'select fingerprint from outbox.outbox_delivery where event_id = $1',
      [full.id],
    );
    const id = await at.replay({ fingerprint: rows[0]!.fingerprint });
    await at.runRelayOnce();
    expect((await at.answer(id)).answer).toMatchObject({ matched: 1, dead_letters: 1 });
    expect(await at.statuses([full, gone])).toEqual(['published', 'failed']);
  });

  it('replays named events that are far apart, retries those that failed, and sends no event between them', async () => {
    const [first, ...others] = (await publish(5)) as [TestEvent, ...TestEvent[]];
    const last = others.at(-1)!;
    at.sink.outcomes.set(last.id, dead);
    await at.runRelayOnce();
    at.sink.outcomes.clear();
    const id = await at.replay({ event_ids: [last.id, first.id] });
    await at.runRelayOnce();
    expect((await at.answer(id)).answer).toMatchObject({ matched: 2, sent: 1, dead_letters: 1 });
    expect(replayed().map(({ eventId }) => eventId)).toEqual([first.id]);
    expect(await at.statuses([last])).toEqual(['published']);
  });

  it('revives a dead letter whose log row is deleted', async () => {
    const [event] = (await publish(1)) as [TestEvent];
    at.sink.outcomes.set(event.id, dead);
    await at.runRelayOnce();
    await at.queryAsOwner(`delete from outbox.outbox_log where event_id = '${event.id}'`);
    at.sink.outcomes.clear();
    const id = await at.replay({ event_id: event.id });
    await at.runRelayOnce();
    expect((await at.answer(id)).answer).toMatchObject({ dead_letters: 1 });
    expect(at.sink.ids).toEqual([event.id, event.id]);
  });

  it('counts the events that a handler skips and those that it keeps refusing', async () => {
    const [skipped, broken, fine] = (await publish(3)) as [TestEvent, TestEvent, TestEvent];
    await at.runRelayOnce();
    at.sink.outcomes.set(skipped.id, { kind: 'accepted', skipped: true });
    at.sink.outcomes.set(broken.id, refused('still broken'));
    const id = await at.replay({});
    await at.runRelayOnce({ random: () => 0 });
    expect((await at.answer(id)).answer).toMatchObject({
      matched: 3,
      sent: 1,
      skipped: 1,
      failed: 1,
      last_error: 'Error: still broken',
    });
    expect(replayed().map(({ eventId, attempt }) => [eventId, attempt])).toEqual(
      expect.arrayContaining([
        [broken.id, 1],
        [broken.id, 2],
        [broken.id, 3],
        [fine.id, 1],
      ]),
    );
    expect(await at.statuses([skipped, broken, fine])).toEqual(['published', 'published', 'published']);
    const { rows } = await at.api.query('select error from outbox.outbox_attempt where event_id = $1', [broken.id]);
    expect(rows).toEqual([{ error: 'Error: still broken' }]);
  });

  it('stops at its limit, in log order', async () => {
    const events = await publish(5);
    await at.runRelayOnce();
    const id = await at.replay({}, { limit: 2 });
    await at.runRelayOnce();
    expect((await at.answer(id)).answer).toMatchObject({ matched: 2, sent: 2 });
    expect(replayed().map(({ eventId }) => eventId)).toEqual(events.slice(0, 2).map((event) => event.id));
  });

  it('keeps to its rate', async () => {
    await publish(6);
    await at.runRelayOnce();
    const id = await at.replay({}, { rate: 2 });
    const relay = at.createRelay({ pollIntervalMs: 10 });
    relay.start();
    try {
      const passing = async (ms: number, most: number): Promise<void> => {
        const before = replayed().length;
        at.clock.advance(ms);
        relay.wake();
        await pollUntil(() => replayed().length > before);
        expect(replayed().length).toBeLessThanOrEqual(most);
      };
      await pollUntil(() => replayed().length === 1);
      for (const most of [2, 3, 4, 5, 6]) await passing(500, most + 1); // one more can become due while the test runs
      await pollUntil(async () => (await at.answer(id)).done_at);
      expect(replayed()).toHaveLength(6);
    } finally {
      await relay.stop();
    }
  });

  it('keeps to its rate when it retries dead letters', async () => {
    const events = await publish(6);
    for (const { id } of events) at.sink.outcomes.set(id, dead);
    await at.runRelayOnce();
    at.sink.outcomes.clear();
    const id = await at.replay({ status: 'failed' }, { rate: 2 });
    const relay = at.createRelay({ pollIntervalMs: 10 });
    const retried = (): number => at.sink.delivered.length - 6;
    relay.start();
    try {
      await pollUntil(() => retried() >= 2); // a batch has as many events as its rate
      for (const most of [4, 6]) {
        const before = retried();
        expect(before).toBeLessThanOrEqual(most);
        at.clock.advance(1000);
        relay.wake();
        await pollUntil(() => retried() > before);
      }
      at.clock.advance(1000);
      relay.wake();
      await pollUntil(async () => (await at.answer(id)).done_at);
      expect((await at.answer(id)).answer).toMatchObject({ matched: 6, dead_letters: 6 });
      await pollUntil(() => retried() === 6);
    } finally {
      await relay.stop();
    }
  });

  it('never delays live events, even while it waits for the sink or cannot send an event', async () => {
    const old = await publish(3, { aggregate: 'busy' });
    await at.runRelayOnce();
    at.sink.outcomes.set(old[0]!.id, { kind: 'postponed', error: new Error('later'), retryAfterMs: 3_600_000 });
    const id = await at.replay({});
    const relay = at.createRelay({ pollIntervalMs: 10 });
    relay.start();
    try {
      await pollUntil(() => replayed().length === 1);
      const live = await insertEvent(at.api, { aggregate: 'busy' });
      relay.wake();
      await pollUntil(async () => (await at.statuses([live]))[0] === 'published');
      expect((await at.answer(id)).done_at).toBeNull();
      expect(replayed()).toHaveLength(1); // later events of the aggregate keep their place
      at.sink.outcomes.clear();
      at.clock.advance(3_600_000);
      relay.wake();
      await pollUntil(async () => (await at.answer(id)).done_at);
      expect(replayed().map(({ eventId }) => eventId)).toEqual([old[0], ...old].map((event) => event!.id));
    } finally {
      await relay.stop();
    }
  });

  it('waits only for the live event of the same aggregate that is in flight', async () => {
    const [busy, other] = await publish(2);
    await at.runRelayOnce();
    const live = await insertEvent(at.api, { aggregate: busy!.aggregate });
    let release: () => void = () => undefined;
    at.sink.outcomes.set(live.id, () => new Promise((resolve) => (release = () => resolve(accepted))));
    const relay = at.createRelay({ pollIntervalMs: 10 });
    relay.start();
    try {
      await pollUntil(() => at.sink.ids.includes(live.id));
      const id = await at.replay({});
      await pollUntil(() => replayed().length === 1);
      expect(replayed()[0]!.eventId).toBe(other!.id);
      release();
      await pollUntil(async () => (await at.answer(id)).done_at);
      expect(replayed().map(({ eventId }) => eventId)).toEqual([other!.id, busy!.id]);
    } finally {
      release();
      await relay.stop();
    }
  });

  it('continues after its leader is killed, loses no event and repeats events under the same id', async () => {
    const events = await publish(250);
    await at.runRelayOnce();
    const id = await at.replay({});
    const first = at.createRelay({ pollIntervalMs: 10 });
    at.sink.defaultOutcome = (event) =>
      event.replayed !== undefined && replayed().length >= 130 ? new Promise(() => undefined) : accepted;
    first.start();
    await pollUntil(() => replayed().length >= 130);
    await at.queryAsOwner(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pikaia-relay ${at.sink.name}'`,
    );
    await first.stop(0);
    at.sink.defaultOutcome = undefined;
    await at.runRelayOnce();
    expect((await at.answer(id)).answer).toMatchObject({ matched: 250, sent: 250 });
    const sent = replayed().map(({ eventId }) => eventId);
    expect(new Set(sent)).toEqual(new Set(events.map((event) => event.id)));
    expect(sent.length).toBeLessThanOrEqual(250 + 100); // at most one batch is repeated
    expect(new Set(replayed().map((event) => event.replayed))).toEqual(new Set([id]));
  });

  it('stops while the sink is paused and continues when it is resumed', async () => {
    await publish(3);
    await at.runRelayOnce();
    await at.sendCommand('pause');
    const id = await at.replay({});
    await at.runRelayOnce();
    expect([replayed().length, (await at.answer(id)).done_at]).toEqual([0, null]);
    await at.sendCommand('resume');
    await at.runRelayOnce();
    expect((await at.answer(id)).answer).toMatchObject({ sent: 3 });
  });

  it('reads a long log in slices, even if most of them match nothing', async () => {
    await at.queryAsOwner(`insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id, occurred_at, size, payload)
      select gen_random_uuid(), case when n % 2500 = 0 then 'thing.found' else 'thing.passed' end, 1, 'thing', 'n' || n, clock_timestamp(), 2, '{}'
      from generate_series(1, 10000) n`);
    await at.runRelayOnce();
    const [counted, sent] = [
      await at.replay({ event_type: 'thing.found' }, { dry_run: true }),
      await at.replay({ event_type: 'thing.found' }),
    ];
    await at.runRelayOnce();
    expect((await at.answer(counted)).answer).toMatchObject({ matched: 4 });
    expect((await at.answer(sent)).answer).toMatchObject({ matched: 4, sent: 4 });
  });

  it('replays only events of its own organization', async () => {
    await publish(2);
    await at.runRelayOnce();
    const id = await at.sendCommand('replay', { filter: {}, dry_run: false, limit: null, rate: null }, 'somebody');
    await at.runRelayOnce();
    expect((await at.answer(id)).answer).toMatchObject({ matched: 0 });
  });
});
