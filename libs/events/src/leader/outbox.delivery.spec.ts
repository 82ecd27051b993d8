import { randomUUID } from 'node:crypto';
import { captureLogs } from '@pikaia/logging/testing';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { insertEvent, statusOf, type TestEvent } from '../../../../test/support/outbox/events.js';
import { ManualClock, refused, ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { SinkRelay } from './sink.relay.js';
import { registerSinks } from '../log/register-sinks.js';
import { accepted, type Sink } from '../delivery/sink.js';

describe('delivery', () => {
  let database: TestDatabase;
  let api: pg.Client;
  let sink: ScriptedSink;
  let clock: ManualClock;

  beforeAll(async () => {
    database = await createDatabase();
    api = await connect(database.apiUrl);
  });

  beforeEach(() => start());

  afterAll(async () => {
    await api.end();
    await database.drop();
  });

  /** Starts a new sink for each test and retires those of earlier tests. */
  async function start(shape: Partial<Sink> = {}): Promise<void> {
    const owner = await connect(database.ownerUrl);
    await owner.query(`update outbox.outbox_sink set state = 'retired'`);
    await owner.end();
    sink = new ScriptedSink(`scripted-${randomUUID()}`, { from: 'now', ...shape });
    clock = new ManualClock();
    await registerSinks(database.workerUrl, [sink], 'spec');
  }

  /** Runs a new leader, so that two runs share only the tables. */
  async function run(random = () => 1): Promise<void> {
    const relay = new SinkRelay({
      url: database.workerUrl,
      sink,
      worker: 'spec',
      clock,
      databaseClock: clock,
      random, // by default the full delay: 1 s, 2 s, 4 s, …
      pollIntervalMs: 1000,
      storeIntervalMs: 5,
      leaderTimeoutMs: 5000,
    });
    expect(await relay.runOnce()).toBe(true);
  }

  const status = async (event: TestEvent): Promise<[string, number]> => {
    const { status, attempts } = await statusOf(api, event.id);
    return [status, attempts];
  };
  const statuses = async (events: readonly TestEvent[]): Promise<[string, number][]> => {
    const found: [string, number][] = [];
    for (const event of events) found.push(await status(event));
    return found;
  };
  const deliveryOf = async (event: TestEvent) => {
    const { rows } = await api.query<Record<string, unknown>>(
      'select * from outbox.outbox_delivery where sink = $1 and event_id = $2',
      [sink.name, event.id],
    );
    return rows[0];
  };

  it('redacts secrets of an error in the delivery and in the attempt', async () => {
    const event = await insertEvent(api);
    const cause = new Error('Authorization: Bearer canary-2 was refused by postgres://alice:can/ary@db/app');
    const error = new Error(`${'x'.repeat(1_850)} password=canary-1 host=db`, { cause });
    sink.outcomes.set(event.id, { kind: 'refused', error, maxAttempts: 1 });
    await run();
    const { rows: attempts } = await api.query<{ error: string }>('select error from outbox.outbox_attempt where event_id = $1', [
      event.id,
    ]);
    const shown = [String((await deliveryOf(event))!['last_error']), ...attempts.map(({ error }) => error)];
    expect(shown).toHaveLength(2);
    for (const text of shown) {
      expect(text).toMatch(/x password=\[redacted\] host=db <- Error: Authorization: Bearer \[redacted\] was/);
      expect(text).not.toMatch(/cana|can\/ary|password=c/);
    }
  });

  it.each([
    ['an object', { error: 'card declined', token: 'canary' }, 'Object: {"error":"card declined","token":"[redacted]"}'],
    ['null', null, 'null'],
    [
      'several errors',
      new AggregateError([new TypeError('a'), 'b'], 'all failed'),
      'AggregateError: all failed [TypeError: a; b]',
    ],
    [
      'a cause that is not an error',
      new Error('outer', { cause: { reason: 'no funds' } }),
      'Error: outer <- Object: {"reason":"no funds"}',
    ],
    ['a text with half a character', '\ud800\0', '\ufffd\ufffd'],
  ])('stores the content of a thrown value in the delivery and in the attempt: %s', async (_, error, text) => {
    const event = await insertEvent(api);
    sink.outcomes.set(event.id, { kind: 'refused', error, maxAttempts: 1 });
    await run();
    expect(await deliveryOf(event)).toMatchObject({ status: 'failed', last_error: text });
    const { rows } = await api.query('select error from outbox.outbox_attempt where event_id = $1', [event.id]);
    expect(rows).toEqual([{ error: text }]);
  });

  it('the lines about a refused and a failed event name the actor of the event and the sink, which is not a consumer', async () => {
    using logs = captureLogs();
    const event = await insertEvent(api, { actor: { type: 'user', id: 'u1', email: 'alice@example.com' } });
    sink.outcomes.set(event.id, { kind: 'refused', error: new Error('no'), maxAttempts: 2 });
    await run();
    clock.advance(1000);
    await run();
    for (const name of ['event_refused', 'event_failed'])
      logs.one(name, {
        'event.id': event.id,
        'usr.id': 'u1',
        'usr.email': 'alice@example.com',
        sink: sink.name,
        consumer: undefined,
      });
  });

  it('the documented SQL shows whether an event was delivered', async () => {
    const event = await insertEvent(api, { type: 'member.invited', data: { email: 'bob@example.com' } });
    const ask = async () => {
      const { rows } = await api.query<Record<string, unknown>>(
        `select * from events_outboxevent where event_type = 'member.invited' and payload->'data'->>'email' = 'bob@example.com'`,
      );
      return rows;
    };
    expect(await ask()).toMatchObject([{ event_id: event.id, status: 'pending', attempts: 0, published_at: null }]);
    await run();
    expect(await ask()).toMatchObject([{ event_id: event.id, status: 'published', attempts: 0, published_at: expect.any(Date) }]);
    await run();
    expect(sink.ids).toEqual([event.id]);
    expect(await deliveryOf(event)).toBeUndefined();
  });

  it('retries a refused event with doubling delays and marks it failed after 10 attempts', async () => {
    const event = await insertEvent(api);
    sink.outcomes.set(event.id, () => refused(`nobody at port ${sink.delivered.length}`));
    await run();
    expect(await status(event)).toEqual(['retrying', 1]);
    for (let attempt = 2; attempt <= 10; attempt++) {
      const delay = Math.min(300_000, 1000 * 2 ** (attempt - 2));
      if (attempt < 4) {
        clock.advance(delay - 1);
        await run();
        expect(await status(event)).toEqual(['retrying', attempt - 1]);
        clock.advance(1);
      } else {
        clock.advance(delay);
      }
      await run();
      expect(await status(event)).toEqual([attempt === 10 ? 'failed' : 'retrying', attempt]);
    }
    clock.advance(24 * 3_600_000);
    await run();
    expect(sink.delivered.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const { rows } = await api.query<{ error: string; fingerprint: string }>(
      'select error, fingerprint from outbox.outbox_attempt where event_id = $1 order by attempted_at',
      [event.id],
    );
    expect(rows).toHaveLength(10);
    expect(rows[0]!.error).toBe('Error: nobody at port 1');
    expect(new Set(rows.map(({ fingerprint }) => fingerprint)).size).toBe(1);
  });

  it('marks an event with a permanent error as failed after two attempts', async () => {
    const event = await insertEvent(api);
    sink.outcomes.set(event.id, refused('malformed', true));
    await run();
    clock.advance(1000);
    await run();
    expect(await status(event)).toEqual(['failed', 2]);
  });

  it('publishes a refused event once it is accepted, with the time', async () => {
    const event = await insertEvent(api);
    sink.outcomes.set(event.id, refused());
    await run();
    sink.outcomes.clear();
    clock.advance(1000);
    await run();
    const { status, attempts, published_at } = await statusOf(api, event.id);
    expect({ status, attempts }).toEqual({ status: 'published', attempts: 1 });
    expect(published_at).toBeInstanceOf(Date);
  });

  it('holds back the later events of a refused one and releases them one at a time in order', async () => {
    const first = await insertEvent(api, { aggregate: 'a' });
    const second = await insertEvent(api, { aggregate: 'a' });
    const other = await insertEvent(api, { aggregate: 'b' });
    sink.outcomes.set(first.id, refused());
    await run();
    const third = await insertEvent(api, { aggregate: 'a' });
    await run();
    const all = [first, second, third, other];
    expect(await statuses(all)).toEqual([
      ['retrying', 1],
      ['waiting', 0],
      ['waiting', 0],
      ['published', 0],
    ]);
    sink.outcomes.clear();
    sink.outcomes.set(second.id, refused());
    clock.advance(1000);
    await run();
    expect(await statuses(all)).toEqual([
      ['published', 1],
      ['retrying', 1],
      ['waiting', 0],
      ['published', 0],
    ]);
    sink.outcomes.clear();
    clock.advance(1000);
    await run();
    expect(await statuses(all)).toEqual([
      ['published', 1],
      ['published', 1],
      ['published', 0],
      ['published', 0],
    ]);
    const order = sink.ids.filter((id) => id !== other.id);
    expect(order).toEqual([first, first, second, second, third].map(({ id }) => id));
    const fourth = await insertEvent(api, { aggregate: 'a' });
    await run();
    expect(await status(fourth)).toEqual(['published', 0]);
  });

  it('retries every delivery that is due after an outage, but not all at once', async () => {
    sink.defaultOutcome = refused();
    await api.query('begin');
    const events: TestEvent[] = [];
    for (let i = 0; i < 250; i++) events.push(await insertEvent(api, { aggregate: `outage-${i}` }));
    await api.query('commit');
    await run();
    sink.defaultOutcome = undefined;
    clock.advance(1000);
    await run();
    const { rows } = await api.query<{ status: string; count: number }>(
      'select status, count(*)::int from outbox.outbox_delivery where sink = $1 group by status',
      [sink.name],
    );
    expect(rows).toEqual([{ status: 'published', count: 250 }]);
    expect(sink.ids).toHaveLength(500);
  });

  it('a dead letter blocks only its own aggregate', async () => {
    const dead = await insertEvent(api, { aggregate: 'a' });
    sink.outcomes.set(dead.id, { kind: 'refused', error: new Error('no'), maxAttempts: 1 });
    await run();
    const behind = await insertEvent(api, { aggregate: 'a' });
    const beside = await insertEvent(api, { aggregate: 'b' });
    await run();
    expect(await statuses([dead, behind, beside])).toEqual([
      ['failed', 1],
      ['waiting', 0],
      ['published', 0],
    ]);
  });

  it('releases the waiting events if the leader died after it published the head', async () => {
    const head = await insertEvent(api, { aggregate: 'a' });
    const behind = await insertEvent(api, { aggregate: 'a' });
    sink.outcomes.set(head.id, refused());
    await run();
    const worker = await connect(database.workerUrl);
    await worker.query(`update outbox.outbox_delivery set status = 'published' where event_id = $1`, [head.id]);
    await worker.end();
    await run();
    expect(await status(behind)).toEqual(['published', 0]);
  });

  it('a refused event blocks no other in an unordered sink', async () => {
    await start({ ordering: 'none' });
    const first = await insertEvent(api, { aggregate: 'a' });
    const second = await insertEvent(api, { aggregate: 'a' });
    sink.outcomes.set(first.id, refused());
    await run();
    expect(await statuses([first, second])).toEqual([
      ['retrying', 1],
      ['published', 0],
    ]);
    sink.outcomes.clear();
    clock.advance(1000);
    await run();
    expect(await status(first)).toEqual(['published', 1]);
  });

  it('a postponed event uses no attempt, however often it is postponed', async () => {
    const event = await insertEvent(api, { aggregate: 'a' });
    const behind = await insertEvent(api, { aggregate: 'a' });
    sink.outcomes.set(event.id, { kind: 'postponed', error: new Error('no mail server') });
    for (let round = 0; round < 11; round++) {
      await run();
      clock.advance(300_000);
    }
    expect(await status(event)).toEqual(['retrying', 0]);
    expect(await status(behind)).toEqual(['waiting', 0]);
    expect(sink.delivered.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 11 }, () => 1));
    sink.outcomes.clear();
    await run();
    expect(await statuses([event, behind])).toEqual([
      ['published', 0],
      ['published', 0],
    ]);
  });

  it('does not advance the cursor while the sink is unreachable, and reports since when', async () => {
    await start({ ordering: 'none', limits: { maxBatchEvents: 3, maxBatchBytes: 1e6, maxConcurrency: 1 } });
    const events = [await insertEvent(api), await insertEvent(api), await insertEvent(api)];
    sink.outcomes.set(events[1]!.id, { kind: 'transport', error: new Error('throttled') });
    await run();
    expect(await statuses(events)).toEqual([
      ['published', 0],
      ['pending', 0],
      ['pending', 0], // accepted, but the cursor cannot pass the event before it
    ]);
    const shown = async () => {
      const { rows } = await api.query<Record<string, unknown>>(
        'select failing_since, last_error from outbox.outbox_sink where name = $1',
        [sink.name],
      );
      return rows[0];
    };
    expect(await shown()).toEqual({ failing_since: clock.now(), last_error: 'Error: throttled' });
    sink.outcomes.clear();
    await run();
    expect(await statuses(events)).toEqual(events.map(() => ['published', 0]));
    expect(await shown()).toEqual({ failing_since: null, last_error: null });
    expect(await deliveryOf(events[1]!)).toBeUndefined();
  });

  it('resends only the events that did not reach the sink', async () => {
    await start({ ordering: 'none', limits: { maxBatchEvents: 3, maxBatchBytes: 1e6, maxConcurrency: 1 } });
    const events = [await insertEvent(api), await insertEvent(api), await insertEvent(api)];
    let throttled = 0;
    sink.outcomes.set(events[1]!.id, () => (++throttled > 2 ? accepted : { kind: 'transport', error: new Error('throttled') }));
    await run(() => 0);
    const [first, second, third] = events.map(({ id }) => id);
    expect(sink.ids).toEqual([first, second, third, second, second]);
    expect(await statuses(events)).toEqual(events.map(() => ['published', 0]));
  });

  it('treats a rejected call as a sink that was not reached', async () => {
    const event = await insertEvent(api);
    sink.outcomes.set(event.id, () => Promise.reject(new Error('socket closed')));
    await run();
    expect(await status(event)).toEqual(['pending', 0]);
    sink.outcomes.set(event.id, accepted);
    await run();
    expect(await status(event)).toEqual(['published', 0]);
  });

  it('passes an event type that the sink does not subscribe to without reading its payload', async () => {
    await start({ types: ['thing.changed'] });
    const unwanted = await insertEvent(api, { type: 'thing.painted' });
    const wanted = await insertEvent(api);
    await run();
    expect(sink.ids).toEqual([wanted.id]);
    expect(await status(unwanted)).toEqual(['not_wanted', 0]);
  });

  it('a sink that starts now skips events committed before, and delivers events that were only inserted', async () => {
    const before = await insertEvent(api);
    const other = await connect(database.apiUrl);
    await other.query('begin');
    const during = await insertEvent(other);
    const later = await insertEvent(api);
    await start({ from: 'now' });
    await other.query('commit');
    await other.end();
    const after = await insertEvent(api);
    await run();
    expect(sink.ids).toEqual([during.id, after.id]);
    expect(sink.ids).not.toContain(before.id);
    expect(sink.ids).not.toContain(later.id);
  });
});
