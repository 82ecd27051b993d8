import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { insertEvent } from '../../../../test/support/outbox/events.js';
import { ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { MAX_COUNT, SINK_STATUS } from '../admin/status.sql.js';
import { LogReading, type LogCursor } from '@pikaia/database';
import { LOCK_CLASS } from '../log/sink-lock.js';
import { OutboxReader, type Reading, READ_LIMITS } from '../log/outbox.reader.js';
import { SinkRelay } from './sink.relay.js';
import { registerSinks } from '../log/register-sinks.js';
import { accepted } from '../delivery/sink.js';

const ROUNDS = 8;
const HELD_MS = 1000;

/** Transactions that other programs run in the same database, on purpose or by mistake. */
describe('long transactions of other programs', () => {
  let database: TestDatabase;
  let api: pg.Client;
  let other: pg.Client;
  let sink: ScriptedSink;
  let relay: SinkRelay;

  beforeAll(async () => {
    database = await createDatabase();
    [api, other] = [await connect(database.apiUrl), await connect(database.apiUrl)];
  });

  beforeEach(async () => {
    await withOwner(`truncate outbox.outbox_log, outbox.outbox_sink, outbox.outbox_progress, outbox.outbox_delivery`);
    sink = new ScriptedSink('steady');
    await registerSinks(database.workerUrl, [sink], 'spec');
    relay = new SinkRelay(options());
    relay.start();
    await pollUntil(() => relay.health().state === 'leading');
  });

  afterEach(async () => {
    await relay.stop(0);
    await other.query('rollback');
  });

  afterAll(async () => {
    await Promise.all([api.end(), other.end()]);
    await database.drop();
  });

  const options = () => ({
    url: database.workerUrl,
    sink,
    worker: 'spec',
    pollIntervalMs: 10,
    storeIntervalMs: 5,
    leaderTimeoutMs: 10_000,
  });

  async function withOwner(sql: string): Promise<void> {
    const owner = await connect(database.ownerUrl);
    await owner.query(sql);
    await owner.end();
  }

  /** Measures the milliseconds from commit to delivery. */
  async function latency(): Promise<number> {
    const { id } = await insertEvent(api);
    const committed = performance.now();
    await pollUntil(() => sink.ids.includes(id));
    return performance.now() - committed;
  }

  const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

  /** Alternates between both cases, so that a busy machine slows down both. */
  async function latencies(
    disturb: () => Promise<unknown>,
    calm: () => Promise<unknown>,
  ): Promise<[plain: number, disturbed: number]> {
    const [plain, disturbed]: [number[], number[]] = [[], []];
    for (let i = 0; i < ROUNDS; i++) {
      plain.push(await latency());
      await disturb();
      disturbed.push(await latency(), await latency());
      await calm();
    }
    return [median(plain), median(disturbed)];
  }

  const expectAlike = ([plain, disturbed]: [number, number]): void => expect(disturbed).toBeLessThan(2 * plain + 20);

  async function status(): Promise<{ backlog: number; lag_ms: number | null }> {
    const worker = await connect(database.workerUrl);
    const { rows } = await worker.query<{ backlog: number; lag_ms: number | null }>(SINK_STATUS, [LOCK_CLASS, MAX_COUNT]);
    await worker.end();
    return { backlog: rows[0]!.backlog, lag_ms: rows[0]!.lag_ms };
  }

  const handedOver = () => pollUntil(status, ({ backlog }) => backlog === 0);

  const takeId = async (): Promise<void> => {
    await other.query('begin');
    await insertEvent(other, { aggregate: 'unfinished' });
  };

  const holdSnapshot = async (): Promise<void> => {
    await other.query('begin isolation level repeatable read');
    await other.query('select count(*) from outbox.outbox_log');
  };

  it('1000 rolled back publishes delay no event and do not count as backlog', async () => {
    const rollBack = async (): Promise<void> => {
      for (let i = 0; i < 1000 / ROUNDS; i++) {
        await other.query('begin');
        await insertEvent(other);
        await other.query('rollback');
      }
    };
    expectAlike(await latencies(rollBack, () => Promise.resolve()));
    expect(sink.delivered).toHaveLength(3 * ROUNDS);
    expect(await handedOver()).toEqual({ backlog: 0, lag_ms: null });
  });

  it('an idle transaction with an id delays no event, and its own event counts as backlog only after its commit', async () => {
    expectAlike(await latencies(takeId, () => other.query('rollback')));
    await takeId();
    expect(await handedOver()).toEqual({ backlog: 0, lag_ms: null });
  });

  it('a session that holds a snapshot delays no event', async () => {
    expectAlike(await latencies(holdSnapshot, () => other.query('rollback')));
    await holdSnapshot();
    expect(await handedOver()).toEqual({ backlog: 0, lag_ms: null });
  });

  it('the lag is the age of the oldest committed event that is not delivered, even if it committed late', async () => {
    const begun = performance.now();
    await takeId();
    const published = performance.now();
    await latency();
    await pollUntil(() => performance.now() - published > HELD_MS);
    await handedOver();
    let release: () => void = () => undefined;
    sink.defaultOutcome = () => new Promise((resolve) => (release = () => resolve(accepted)));
    await other.query('commit');
    const late = await pollUntil(status, ({ backlog }) => backlog === 1);
    const held = performance.now() - begun;
    expect(late.lag_ms).toBeGreaterThanOrEqual(HELD_MS);
    expect(late.lag_ms).toBeLessThan(held + 1000); // two clocks
    await holdSnapshot();
    const later = await pollUntil(status, ({ lag_ms }) => lag_ms! > late.lag_ms! + 200);
    expect(later.backlog).toBe(1);
    await pollUntil(() => (relay.health().term?.lagMs ?? 0) >= HELD_MS);
    release();
    expect(await handedOver()).toEqual({ backlog: 0, lag_ms: null });
  });

  /** Reads nothing while any older transaction is open, as outboxes do that wait for gaps to close. */
  class WaitingReader extends OutboxReader {
    override async read(cursor: LogCursor): Promise<Reading> {
      const reading = await super.read(cursor); // before the check: excludes events that commit in between
      const { rows } = await this.client.query<{ open: boolean }>(
        'select pg_snapshot_xmin(s) < pg_snapshot_xmax(s) as open from pg_current_snapshot() s',
      );
      const nothing = { snapshot: cursor.snapshot, late: [], isLateComplete: true, fresh: [] };
      return rows[0]!.open ? new LogReading(cursor, nothing) : reading;
    }
  }

  it('a planted reader that waits for older transactions is delayed by such a session', async () => {
    await relay.stop(0);
    relay = new (class extends SinkRelay {
      protected override createReader(client: pg.Client): OutboxReader {
        return new WaitingReader(client, sink.name, READ_LIMITS);
      }
    })(options());
    relay.start();
    const plain = await latency();
    await takeId();
    const stuck = latency();
    const deadline = performance.now() + 2 * plain + 200;
    await pollUntil(() => performance.now() > deadline);
    await other.query('rollback');
    expect(await stuck).toBeGreaterThan(2 * plain + 20);
  });
});
