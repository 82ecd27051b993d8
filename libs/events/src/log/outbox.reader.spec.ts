import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { insertEvent } from '../../../../test/support/outbox/events.js';
import {
  ReaderWithLastSnapshot,
  ReaderIgnoringRunning,
  ReaderWithSecondSnapshot,
  ReaderSkippingSlices,
  ReaderIgnoringNewer,
} from '../../../../test/support/outbox/faulty-relays.js';
import type { LogCursor } from '@pikaia/database';
import { OutboxReader } from './outbox.reader.js';
import { MAX_PAYLOAD_BYTES } from './payload-limit.js';

type ReaderClass = new (...args: ConstructorParameters<typeof OutboxReader>) => OutboxReader;

describe('OutboxReader', () => {
  let database: TestDatabase;
  let worker: pg.Client;
  let api: pg.Client;
  let other: pg.Client;
  let cursor: LogCursor;

  beforeAll(async () => {
    database = await createDatabase();
    [worker, api, other] = [await connect(database.workerUrl), await connect(database.apiUrl), await connect(database.apiUrl)];
  });

  beforeEach(async () => {
    const { rows } = await worker.query<LogCursor>(
      `select coalesce(max(position), 0)::text as position, pg_current_snapshot()::text as snapshot from outbox.outbox_log`,
    );
    cursor = { ...rows[0]!, latePosition: '0', lateSnapshot: null };
  });

  afterAll(async () => {
    await Promise.all([worker, api, other].map((client) => client.end()));
    await database.drop();
  });

  const reader = (Reader: ReaderClass = OutboxReader, sink = 'every-type', bytes = 1e6) =>
    new Reader(worker, sink, { fresh: 3, late: 2, bytes });

  /** Registers one type for a sink of this name, from the beginning of the log. */
  async function registerType(sink: string, type: string): Promise<string> {
    await worker.query(
      `insert into outbox.outbox_sink_type (sink, event_type, since_position, since_snapshot, confirmed, worker)
       values ($1, $2, 0, '1:1:', true, 'spec') on conflict do nothing`,
      [sink, type],
    );
    return sink;
  }

  /** Reads once and hands over all rows. */
  async function take(from: OutboxReader): Promise<string[]> {
    const reading = await from.read(cursor);
    cursor = reading.after(reading.rows.length);
    return reading.rows.map(({ eventId }) => eventId);
  }

  async function takeAll(from: OutboxReader): Promise<string[]> {
    const all: string[] = [];
    for (let idle = 0; idle < 2;) {
      const taken = await take(from);
      all.push(...taken);
      idle = taken.length ? 0 : idle + 1;
    }
    return all;
  }

  const insert = async (client: pg.Client, count = 1): Promise<string[]> => {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push((await insertEvent(client)).id);
    return ids;
  };

  it('returns new events by position, up to the limit of one read', async () => {
    const ids = await insert(api, 5);
    expect(await take(reader())).toEqual(ids.slice(0, 3));
    expect(await take(reader())).toEqual(ids.slice(3));
    expect(await take(reader())).toEqual([]);
  });

  /** Commits a transaction that the snapshot of an earlier read lists as running. */
  async function listedThenCommitted(from: OutboxReader): Promise<[late: string, taken: string[]]> {
    await other.query('begin');
    const [late] = await insert(other);
    await insert(api);
    await take(from);
    await other.query('commit');
    return [late!, await takeAll(from)];
  }

  it('delivers an event whose transaction commits after a later one', async () => {
    const [late, taken] = await listedThenCommitted(reader());
    expect(taken).toEqual([late]);
  });

  it('a reader that does not look up the listed transactions loses a late event (planted)', async () => {
    const [, taken] = await listedThenCommitted(reader(ReaderIgnoringRunning));
    expect(taken).toEqual([]);
  });

  /** Inserts an event whose position is below the cursor and whose transaction id is above the xmax of its snapshot. */
  async function positionBeforeId(from: OutboxReader): Promise<[late: string, taken: string[]]> {
    const owner = await connect(database.ownerUrl);
    const { rows } = await owner.query<{ position: string }>(`select nextval('outbox.outbox_position') as position`);
    await insert(api);
    await take(from);
    await owner.query('begin');
    const { id } = await insertEvent(owner);
    await owner.query('update outbox.outbox_log set position = $1 where event_id = $2', [rows[0]!.position, id]);
    await owner.query('commit');
    await owner.end();
    return [id, await takeAll(from)];
  }

  it('delivers an event that took its position long before its transaction got an id', async () => {
    const [late, taken] = await positionBeforeId(reader());
    expect(taken).toEqual([late]);
  });

  it('a reader that does not look up the transactions from xmax on loses such an event (planted)', async () => {
    const [, taken] = await positionBeforeId(reader(ReaderIgnoringNewer));
    expect(taken).toEqual([]);
  });

  it('a reader that takes its snapshot after an empty read loses an event that commits in between (planted)', async () => {
    const [late] = await insert(api);
    await insert(api);
    await take(reader());
    await other.query('begin');
    const [running] = await insert(other);
    await insert(api);
    await take(reader());
    const refreshing = reader(ReaderWithSecondSnapshot) as ReaderWithSecondSnapshot;
    refreshing.between = () => other.query('commit');
    expect([late, running]).toHaveLength(2);
    expect(await takeAll(refreshing)).toEqual([]);
  });

  /** Commits five late events, more than the two of a slice, and one more while the slices are handed over. */
  async function largeLateSet(from: OutboxReader): Promise<[expected: string[], taken: string[]]> {
    const third = await connect(database.apiUrl);
    await other.query('begin');
    await third.query('begin');
    const late = await insert(other, 5);
    const later = await insert(third, 1);
    const fresh = await insert(api);
    const taken = await take(from);
    expect(taken).toEqual(fresh);
    await other.query('commit');
    taken.push(...(await take(from)));
    await third.query('commit');
    taken.push(...(await takeAll(from)));
    await third.end();
    return [[...fresh, ...late, ...later], taken];
  }

  it('delivers a large late set in slices, and then the events that became visible meanwhile', async () => {
    const [expected, taken] = await largeLateSet(reader());
    expect(taken).toEqual(expected);
  });

  it('a cursor that moves past a slice loses the rest of the late set (planted)', async () => {
    const [expected, taken] = await largeLateSet(reader(ReaderSkippingSlices));
    expect(expected.filter((id) => !taken.includes(id)).length).toBeGreaterThan(0);
  });

  it('a cursor that takes the snapshot of the last slice loses the events that became visible meanwhile (planted)', async () => {
    const final = reader(ReaderWithLastSnapshot) as ReaderWithLastSnapshot;
    final.pauseMs = 0;
    const [expected, taken] = await largeLateSet(final);
    expect(taken).toEqual(expected.slice(0, -1));
  });

  it('continues after any row of a read, late rows included', async () => {
    await other.query('begin');
    const late = await insert(other, 2);
    await insert(api);
    await take(reader());
    await other.query('commit');
    const fresh = await insert(api, 2);
    const reading = await reader().read(cursor);
    const ids = reading.rows.map(({ eventId }) => eventId);
    expect(ids).toEqual([...late, ...fresh]);
    for (let taken = 0; taken <= ids.length; taken++) {
      cursor = reading.after(taken);
      expect(await takeAll(reader())).toEqual(ids.slice(taken));
    }
  });

  it('limits a read by bytes without skipping a row, and always returns at least one row', async () => {
    const large = { type: 'thing.large', data: { text: 'x'.repeat(600) } };
    const ids: string[] = [];
    for (const event of [large, large, { type: 'thing.unwanted' }, large]) ids.push((await insertEvent(api, event)).id);
    const from = new OutboxReader(worker, await registerType('large-only', 'thing.large'), { fresh: 10, late: 10, bytes: 700 });
    expect(await take(from)).toEqual(ids.slice(0, 1));
    expect(await take(from)).toEqual(ids.slice(1, 2));
    expect(await takeAll(from)).toEqual(ids.slice(2));
  });

  it('returns the unchanged payload of wanted types only', async () => {
    const wanted = await insertEvent(api, { type: 'thing.wanted' });
    await insertEvent(api, { type: 'thing.unwanted' });
    const { rows } = await reader(OutboxReader, await registerType('wanted-only', 'thing.wanted')).read(cursor);
    expect(rows.map(({ payload }) => payload === null)).toEqual([false, true]);
    expect(JSON.parse(rows[0]!.payload!)).toMatchObject({ event_id: wanted.id });
  });

  it('returns no payload that is too large, and marks the row as too large only for wanted types', async () => {
    const data = { text: 'x'.repeat(MAX_PAYLOAD_BYTES) };
    for (const type of ['thing.wanted', 'thing.unwanted']) await insertEvent(api, { type, data });
    const { rows } = await reader(OutboxReader, await registerType('wanted-only', 'thing.wanted')).read(cursor);
    expect(rows.map(({ payload, tooLarge }) => [payload, tooLarge])).toEqual([
      [null, true],
      [null, false],
    ]);
    const all = await reader().read(cursor);
    expect(all.rows.map(({ tooLarge }) => tooLarge)).toEqual([true, true]);
  });

  it('sorts rows that the server returns in any order', async () => {
    await other.query('begin');
    const late = await insert(other, 3);
    await insert(api);
    await take(reader());
    await other.query('commit');
    const fresh = await insert(api, 3);
    const shuffled = {
      query: (config: pg.QueryConfig, answer: (error: Error | null, result?: object) => void) =>
        void worker.query(config).then(({ rows }) => answer(null, { rows: rows.reverse() }), answer),
    };
    const { rows } = await new OutboxReader(shuffled as never, 'every-type', { fresh: 9, late: 9, bytes: 1e6 }).read(cursor);
    expect(rows.map(({ eventId }) => eventId)).toEqual([...late, ...fresh]);
  });

  it('uses the indexes for both parts of a read in a generic plan', async () => {
    const { rows } = await worker
      .query<{ 'QUERY PLAN': string }>(`set plan_cache_mode = force_generic_plan; set enable_seqscan = off`)
      .then(() => explainRead());
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('txid_idx');
    expect(plan).toContain('position_idx');
    expect(plan).not.toContain('Seq Scan');
  });

  async function explainRead() {
    const { READ } = await import('./reading.sql.js');
    await worker.query(`prepare read_plan (bigint, xid8[], xid8, int, int, text, bigint) as ${READ}`);
    return worker.query<{ 'QUERY PLAN': string }>(`explain execute read_plan (1, '{5,6}', '7', 10, 10, 'every-type', 1000)`);
  }
});
