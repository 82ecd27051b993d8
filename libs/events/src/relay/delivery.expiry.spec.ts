import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { insertEvent, statusOf } from '../../../../test/support/outbox.js';
import { refused, ScriptedSink } from '../../../../test/support/scripted-sink.js';
import { eventually } from '../../../../test/support/until.js';
import { OutboxRelay, type RelayOptions } from './outbox.relay.js';
import { registerSinks } from './register-sinks.js';
import type { Finding, Retention } from '../housekeeping/chore.js';
import { Housekeeping } from '../housekeeping/housekeeping.js';

const DAY_MS = 86_400_000;
const RETENTION: Retention = { logMs: 7 * DAY_MS, failedMs: 30 * DAY_MS, receiptMs: 90 * DAY_MS };

describe('DeliveryExpiry', () => {
  let database: TestDatabase;
  let owner: pg.Client;
  let api: pg.Client;
  let sink: ScriptedSink;
  let housekeeping: Housekeeping;

  beforeAll(async () => {
    database = await createDatabase();
    [owner, api] = [await connect(database.ownerUrl), await connect(database.apiUrl)];
  });

  beforeEach(async () => {
    const tables = ['log', 'sink', 'progress', 'delivery', 'attempt', 'command', 'replay'].map(
      (table) => `outbox.outbox_${table}`,
    );
    await owner.query(`truncate ${tables.join()}, outbox.consumer_receipt`);
    sink = new ScriptedSink('scripted');
    await registerSinks(database.workerUrl, [sink], 'spec');
    housekeeping = new Housekeeping({ url: database.workerUrl, retention: RETENTION });
  });

  afterAll(async () => {
    await Promise.all([owner.end(), api.end()]);
    await database.drop();
  });

  async function connect(url: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined); // dropping the database ends what a failed test leaves
    await client.connect();
    return client;
  }

  const relayOf = (to = sink, options: Partial<RelayOptions> = {}): OutboxRelay =>
    new OutboxRelay({
      url: database.workerUrl,
      sink: to,
      worker: 'spec',
      random: () => 0,
      pollIntervalMs: 20,
      storeIntervalMs: 0,
      leaderTimeoutMs: 5000,
      ...options,
    });

  const handOver = async (to = sink): Promise<void> => void (await relayOf(to).runOnce());

  /** Events in a slot of their own, as if some days had passed since. */
  async function insertOld(slot: number, days = 8, aggregate: string = randomUUID()): Promise<string> {
    const { id } = await insertEvent(api, { aggregate });
    await owner.query(
      `update outbox.outbox_log set slot = $1, recorded_at = recorded_at - $2 * interval '1 day' where event_id = $3`,
      [slot, days, id],
    );
    return id;
  }

  const countsOf = async (...tables: string[]): Promise<number[]> => {
    const counts: number[] = [];
    for (const table of tables) counts.push(await countOf(table));
    return counts;
  };
  const countOf = async (table: string): Promise<number> => {
    const { rows } = await owner.query<{ count: number }>(`select count(*)::int as count from outbox.${table}`);
    return rows[0]!.count;
  };
  const of = (findings: readonly Finding[] | undefined, what: string) => findings!.find((finding) => finding.what === what);

  const FAILED = refused('never', true);

  /** A delivery that has failed for good, and one that waits behind it. */
  async function failing(aggregate: string): Promise<string> {
    const id = await insertOld(3, 8, aggregate);
    sink.answers.set(id, FAILED);
    const relay = relayOf();
    await relay.runOnce();
    await relay.runOnce();
    expect((await statusOf(owner, id)).status).toBe('failed');
    return id;
  }

  const ageDeliveries = (days: number) =>
    owner.query(`update outbox.outbox_delivery set updated_at = updated_at - $1 * interval '1 day'`, [days]);

  it('are shown by the view after their log row, as long as they are kept', async () => {
    const failed = await failing('a');
    const waiting = await insertOld(3, 8, 'a');
    await handOver();
    await housekeeping.runOnce();
    expect(await countOf('outbox_log')).toBe(0);
    const { rows } = await owner.query(
      `select event_id, status, attempts, last_error, event_type, payload->>'aggregate_id' as aggregate from events_outboxevent order by 2`,
    );
    expect(rows).toEqual([
      {
        event_id: failed,
        status: 'failed',
        attempts: 2,
        last_error: 'Error: never',
        event_type: 'thing.changed',
        aggregate: 'a',
      },
      { event_id: waiting, status: 'waiting', attempts: 0, last_error: null, event_type: 'thing.changed', aggregate: 'a' },
    ]);
    await owner.query(`update outbox.outbox_sink set state = 'retired'`);
    expect((await owner.query('select from events_outboxevent')).rowCount).toBe(0);
  });

  it('that are settled go with their attempts when their log row is gone, and not before', async () => {
    const id = await insertOld(3);
    let first = true;
    sink.answers.set(id, () => (first ? ((first = false), refused()) : { kind: 'accepted' }));
    await relayOf().runOnce();
    await relayOf().runOnce();
    await relayOf().runOnce();
    expect(await statusOf(owner, id)).toMatchObject({ status: 'published', attempts: 1 });
    expect(await countOf('outbox_delivery')).toBe(1);
    await housekeeping.runOnce();
    const dry = of(await housekeeping.runOnce({ dryRun: true }), 'outbox.outbox_delivery');
    expect(dry).toMatchObject({ removed: 1 });
    await relayOf().runOnce();
    expect(await countsOf('outbox_delivery', 'outbox_attempt')).toEqual([0, 0]);
  });

  it('that failed go after their time, but never while others wait behind them; then their aggregate goes on', async () => {
    const blocking = await failing('blocked');
    const waiting = await insertOld(3, 8, 'blocked');
    await failing('alone');
    await handOver();
    await housekeeping.runOnce();
    await ageDeliveries(29);
    await relayOf().runOnce();
    expect(await countOf('outbox_delivery')).toBe(3);
    await ageDeliveries(2);
    const relay = relayOf();
    relay.start();
    await eventually(async () => (await countOf('outbox_delivery')) === 2);
    expect([await statusOf(owner, blocking), await statusOf(owner, waiting)]).toMatchObject([
      { status: 'failed' },
      { status: 'waiting' },
    ]);
    const next = await insertEvent(api, { aggregate: 'alone' });
    await eventually(() => sink.ids.includes(next.id)); // the same leader knows that nothing blocks it any more
    await relay.stop();
  });

  it('are not removed by one who does not lead any more', async () => {
    await failing('a');
    await housekeeping.runOnce();
    await ageDeliveries(31);
    const relay = relayOf(sink, { expiryIntervalMs: 50 });
    relay['createStore'] = (client) => {
      const store = OutboxRelay.prototype['createStore'].call(relay, client);
      store.store = () => Promise.reject(new Error('Another worker has stored.'));
      return store;
    };
    await expect(relay.runOnce()).rejects.toThrow('Another worker');
    expect(await countOf('outbox_delivery')).toBe(1);
  });
});
