import pg from 'pg';
import { createDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { insertEvent } from '../../../../test/support/outbox.js';
import { ScriptedSink } from '../../../../test/support/scripted-sink.js';
import { pollUntil } from '../../../../test/support/until.js';
import { COUNTED_AT_MOST, SINK_STATUS } from '../admin/status.sql.js';
import { Reading, type Cursor } from '../log/cursor.js';
import { LOCK_CLASS } from '../log/sink-lock.js';
import { OutboxReader, READ_LIMITS } from '../log/outbox.reader.js';
import { SinkRelay } from './sink.relay.js';
import { registerSinks } from '../log/register-sinks.js';
import { accepted } from '../delivery/sink.js';

const ROUNDS = 8;
const HELD_MS = 1000;

/** What others do in the same database, on purpose or by mistake. */
describe('odd transactions', () => {
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

  async function connect(url: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return client;
  }

  async function withOwner(sql: string): Promise<void> {
    const owner = await connect(database.ownerUrl);
    await owner.query(sql);
    await owner.end();
  }

  /** Milliseconds from commit to the sink. */
  async function latency(): Promise<number> {
    const { id } = await insertEvent(api);
    const committed = performance.now();
    await pollUntil(() => sink.ids.includes(id));
    return performance.now() - committed;
  }

  const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

  /** In turns, so that a busy machine slows down both. */
  async function latencies(disturb: () => Promise<unknown>, calm: () => Promise<unknown>): Promise<[plain: number, odd: number]> {
    const [plain, odd]: [number[], number[]] = [[], []];
    for (let i = 0; i < ROUNDS; i++) {
      plain.push(await latency());
      await disturb();
      odd.push(await latency(), await latency());
      await calm();
    }
    return [median(plain), median(odd)];
  }

  const expectAlike = ([plain, odd]: [number, number]): void => expect(odd).toBeLessThan(2 * plain + 20);

  async function status(): Promise<{ backlog: number; lag_ms: number | null }> {
    const worker = await connect(database.workerUrl);
    const { rows } = await worker.query<{ backlog: number; lag_ms: number | null }>(SINK_STATUS, [LOCK_CLASS, COUNTED_AT_MOST]);
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

  it('a thousand publishes that are rolled back hold up nothing, and are no backlog', async () => {
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

  it('a session that idles in a transaction with an id holds up nothing, and its event is no backlog until it commits', async () => {
    expectAlike(await latencies(takeId, () => other.query('rollback')));
    await takeId();
    expect(await handedOver()).toEqual({ backlog: 0, lag_ms: null });
  });

  it('a session that holds a snapshot holds up nothing', async () => {
    expectAlike(await latencies(holdSnapshot, () => other.query('rollback')));
    await holdSnapshot();
    expect(await handedOver()).toEqual({ backlog: 0, lag_ms: null });
  });

  it('the lag is the age of what is committed and not handed over, also of what committed late', async () => {
    await takeId();
    const begun = performance.now();
    await latency();
    await pollUntil(() => performance.now() - begun > HELD_MS);
    await handedOver();
    let release: () => void = () => undefined;
    sink.defaultOutcome = () => new Promise((resolve) => (release = () => resolve(accepted)));
    await other.query('commit');
    const late = await pollUntil(status, ({ backlog }) => backlog === 1);
    const held = performance.now() - begun;
    expect(late.lag_ms).toBeGreaterThanOrEqual(HELD_MS);
    expect(late.lag_ms).toBeLessThan(held + 1000);
    await holdSnapshot();
    const later = await pollUntil(status, ({ lag_ms }) => lag_ms! > late.lag_ms! + 200);
    expect(later.backlog).toBe(1);
    await pollUntil(() => (relay.health().term?.lagMs ?? 0) >= HELD_MS);
    release();
    expect(await handedOver()).toEqual({ backlog: 0, lag_ms: null });
  });

  /** Takes nothing while any older transaction is open, as outboxes do that wait for gaps to close. */
  class WaitingReader extends OutboxReader {
    override async read(cursor: Cursor): Promise<Reading> {
      const reading = await super.read(cursor); // before it looks: what commits in between was not read
      const { rows } = await this.client.query<{ open: boolean }>(
        'select pg_snapshot_xmin(s) < pg_snapshot_xmax(s) as open from pg_current_snapshot() s',
      );
      const nothing = { snapshot: cursor.snapshot, late: [], lateIsWhole: true, fresh: [] };
      return rows[0]!.open ? new Reading(cursor, nothing) : reading;
    }
  }

  it('would be held up by that session if reading waited for older transactions (planted)', async () => {
    await relay.stop(0);
    relay = new (class extends SinkRelay {
      protected override createReader(client: pg.Client): OutboxReader {
        return new WaitingReader(client, null, READ_LIMITS);
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
