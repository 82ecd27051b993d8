import pg from 'pg';
import { createDatabase, withConnection, type TestDatabase } from '../../../../../test/support/database/database.js';
import { itWithStub, openBus, type BusUnderTest } from '../../../../../test/support/aws/event-bus.js';
import type { Fault } from '../../../../../test/support/aws/event-bus.stub.js';
import { ManualClock } from '../../../../../test/support/outbox/scripted-sink.js';
import { pollUntil } from '../../../../../test/support/time/wait-for.js';
import { SinkRelay, type RelayOptions } from '../../leader/sink.relay.js';
import { registerSinks } from '../../log/register-sinks.js';

describe('a relay to an event bus', () => {
  let database: TestDatabase;
  let owner: pg.Client;
  let running: { stop?(timeoutMs: number): Promise<void>; close?(): Promise<void> }[];

  beforeEach(async () => {
    running = [];
    database = await createDatabase();
    owner = new pg.Client({ connectionString: database.ownerUrl });
    await owner.connect();
  });
  afterEach(async () => {
    for (const one of running) await (one.stop?.(0) ?? one.close?.());
    await owner.end();
    await database.drop();
  });

  const insertEvents = async (count: number, client = owner): Promise<string[]> => {
    const { rows } = await client.query<{ event_id: string }>(
      `insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id, occurred_at, size, payload)
       select id, 'thing.changed', 1, 'thing', id::text, clock_timestamp(), 200, json_build_object('event_id', id)
       from (select gen_random_uuid() as id from generate_series(1, $1::int)) ids returning event_id`,
      [count],
    );
    return rows.map(({ event_id }) => event_id);
  };

  async function startRelay(
    bus: BusUnderTest,
    options: Partial<RelayOptions> = {},
    url = database.workerUrl,
  ): Promise<SinkRelay> {
    await registerSinks(url, [bus.sink], 'spec');
    const timing = { pollIntervalMs: 1000, storeIntervalMs: 50, leaderTimeoutMs: 15_000 };
    const relay = new SinkRelay({ url, sink: bus.sink, worker: 'spec', ...timing, ...options });
    running.unshift(relay);
    running.push(bus);
    relay.start();
    return relay;
  }

  describe('of which a third of the calls hang', () => {
    /** Events that the bus accepts in five seconds while there is a backlog, after the limit has grown to its maximum. */
    async function acceptedBy(hangs: (call: number) => boolean): Promise<number> {
      const bus = await openBus({ timeoutMs: 10_000, concurrency: 8, delayMs: 250, keeps: false });
      let calls = 0;
      bus.stub.fault = ({ action }) => (action === 'PutEvents' && hangs(++calls) ? { silent: 'before' } : undefined);
      const other = await createDatabase();
      const relay = await startRelay(bus, {}, other.workerUrl);
      await withConnection(other.ownerUrl, (client) => insertEvents(8000, client));
      const after = async (ms: number): Promise<number> => {
        const end = performance.now() + ms;
        await pollUntil(() => performance.now() > end);
        return bus.stub.acceptedCount;
      };
      const before = await after(4000);
      const accepted = (await after(5000)) - before;
      await relay.stop(0);
      await other.drop();
      return accepted;
    }

    itWithStub('delivers events at nearly two thirds of the usual rate', async () => {
      // At the same time, so that a busy machine slows down both.
      const [usual, hanging] = await Promise.all([acceptedBy(() => false), acceptedBy((call) => call % 3 === 0)]);
      expect(hanging / usual).toBeGreaterThan(0.55);
    });
  });

  describe('that refuses every call', () => {
    const refusal = (status: number, code: string) => (): Fault => ({ fail: { status, code } });
    itWithStub.each<[string, (entries: number) => Fault]>([
      ['an unknown code with status 400', refusal(400, 'BrandNewException')],
      ['an unknown code with status 404', refusal(404, 'BrandNewException')],
      ['AccessDeniedException', refusal(403, 'AccessDeniedException')],
      ['ThrottlingException', refusal(400, 'ThrottlingException')],
      ['ServiceUnavailable', refusal(503, 'ServiceUnavailable')],
      ['InternalException', refusal(500, 'InternalException')],
      ['a connection that is closed', () => ({ cut: 'before' })],
      ['an answer without results', () => ({ forge: () => ({}) })],
      ['ThrottlingException of each event', () => ({ rejectEntry: () => 'ThrottlingException' })],
      [
        'ValidationException of several events and an unknown code of one',
        (entries) => refusal(400, entries > 1 ? 'ValidationException' : 'BrandNewException')(),
      ],
      [
        'ValidationException of several events and a closed connection for one',
        (entries) => (entries > 1 ? refusal(400, 'ValidationException')() : { cut: 'before' }),
      ],
    ])('makes one call after each pause for %s', async (_, faultOf) => {
      const bus = await openBus();
      const clock = new ManualClock();
      bus.stub.fault = ({ action, entries }) => (action === 'PutEvents' ? faultOf(entries.length) : undefined);
      const relay = await startRelay(bus, { clock, databaseClock: clock, random: () => 1, pollIntervalMs: 10 });
      await insertEvents(100);
      const calls = (): number => bus.stub.calls.filter(({ action }) => action === 'PutEvents').length;
      /** Lets the relay take steps during its pause, which lasts at least a second. */
      const takeSteps = async (): Promise<void> => {
        let steps = 0;
        await pollUntil(() => {
          relay.wake();
          return ++steps > 10;
        });
      };
      await pollUntil(() => relay.health().term?.failingSince);
      await takeSteps();
      expect(calls()).toBeLessThanOrEqual(8); // four deliveries are in flight at the start, some of two calls
      for (let pause = 2; pause <= 4; pause++) {
        const before = calls();
        clock.advance(30_000);
        relay.wake();
        await pollUntil(() => calls() > before);
        await takeSteps();
        expect(calls()).toBe(before + 1);
      }
    });
  });

  itWithStub('delivers the other events of a call that an unknown code refuses because of one of them', async () => {
    const bus = await openBus();
    const clock = new ManualClock();
    const relay = await startRelay(bus, { clock, databaseClock: clock, random: () => 1, pollIntervalMs: 10 });
    const ids = await insertEvents(30);
    const bad = ids[4]!;
    bus.stub.fault = ({ entries }) =>
      entries.some(({ Detail }) => Detail!.includes(bad)) ? { fail: { status: 400, code: 'BrandNewException' } } : undefined;
    relay.wake();
    await pollUntil(() => {
      clock.advance(1000);
      relay.wake();
      const arrived = new Set(bus.stub.details.map(({ event_id }) => event_id));
      return ids.every((id) => id === bad || arrived.has(id));
    });
    expect(bus.stub.details.map(({ event_id }) => event_id)).not.toContain(bad);
  });
});
