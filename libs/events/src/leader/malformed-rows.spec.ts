import { IsEmail } from 'class-validator';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { insertEvent, statusOf, type TestEvent } from '../../../../test/support/outbox/events.js';
import { ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { Consumer, Handles } from '../consume/consumer.decorator.js';
import { defineConsumers } from '../consume/consumer.definition.js';
import { ConsumerRunner } from '../consume/consumer.runner.js';
import { Receipts } from '../consume/receipts.js';
import { DomainEvent } from '../contract/domain-event.js';
import type { EventOf } from '../contract/envelope.js';
import { LocalSink } from '../sinks/local/local.sink.js';
import { SinkRelay } from './sink.relay.js';
import { registerSinks } from '../log/register-sinks.js';
import type { Sink } from '../delivery/sink.js';

const MIB = 1024 * 1024;
const HUGE_BYTES = 60_000_000;

@DomainEvent('parcel.sent', { version: 1, aggregate: 'parcel' })
class ParcelSent {
  @IsEmail()
  to!: string;
}

@Consumer('porter', { from: 'beginning' })
class Porter {
  readonly carried: string[] = [];

  @Handles(ParcelSent, { effect: 'external' })
  async carry(event: EventOf<ParcelSent>): Promise<void> {
    this.carried.push(event.event_id);
  }
}

/** Rows that this version of `publish` does not write: other programs or a newer version may. */
describe('malformed log rows', () => {
  let database: TestDatabase;
  let owner: pg.Client;

  beforeAll(async () => {
    database = await createDatabase();
    owner = await connect(database.ownerUrl);
  });

  beforeEach(() => owner.query('truncate outbox.outbox_log, outbox.outbox_sink, outbox.outbox_progress, outbox.outbox_delivery'));

  afterAll(async () => {
    await owner.end();
    await database.drop();
  });

  /** A relay that counts the bytes received on its reading connection. */
  class CountingRelay extends SinkRelay {
    received = 0;

    protected override createReader(client: pg.Client) {
      const { stream } = (client as unknown as { connection: { stream: NodeJS.EventEmitter } }).connection;
      stream.on('data', (bytes: Buffer) => (this.received += bytes.length));
      return super.createReader(client);
    }
  }

  async function relayOf(sink: Sink): Promise<CountingRelay> {
    await registerSinks(database.workerUrl, [sink], 'spec');
    return new CountingRelay({
      url: database.workerUrl,
      sink,
      worker: 'spec',
      random: () => 0,
      pollIntervalMs: 20,
      storeIntervalMs: 5,
      leaderTimeoutMs: 10_000,
    });
  }

  const insert = (event: Partial<TestEvent>): Promise<TestEvent> => insertEvent(owner, event);

  /** Creates the payload in the server, so that this process does not hold it. */
  async function insertHuge(aggregate: string, bytes = HUGE_BYTES): Promise<string> {
    const { id } = await insert({ aggregate });
    await owner.query(
      `update outbox.outbox_log set size = $2 + 1000, payload = json_build_object('data', repeat('x', $2)) where event_id = $1`,
      [id, bytes],
    );
    return id;
  }

  it('a row of 60 MB fails, is stored whole and never loaded into memory, and the others pass', async () => {
    const sink = new ScriptedSink('narrow');
    const huge = [await insertHuge('a'), await insertHuge('b', 2 * MIB), await insertHuge('a', 2 * MIB)];
    const behind = await insert({ aggregate: 'a' });
    const others = [await insert({ aggregate: 'c' }), await insert({ aggregate: 'd' })];
    const relay = await relayOf(sink);
    const before = process.memoryUsage().rss;
    await relay.runOnce();
    const grown = (process.memoryUsage().rss - before) / MIB;
    expect(sink.ids.sort()).toEqual(others.map(({ id }) => id).sort());
    const statuses = [];
    for (const id of [...huge, behind.id]) statuses.push((await statusOf(owner, id)).status);
    expect(statuses).toEqual(['failed', 'failed', 'waiting', 'waiting']);
    expect((await statusOf(owner, huge[0]!)).last_error).toContain('more than 1048576 bytes');
    const kept = await owner.query<{ bytes: number }>(
      'select octet_length(payload::text) as bytes from outbox.outbox_delivery where event_id = any ($1::uuid[])',
      [huge],
    );
    expect(kept.rows.every(({ bytes }) => bytes > 2 * MIB)).toBe(true);

    await owner.query(`update outbox.outbox_delivery set status = 'retrying', next_attempt_at = now() where status = 'failed'`);
    await relay.runOnce(); // after a replay command
    expect((await statusOf(owner, huge[0]!)).status).toBe('failed');

    await owner.query(`update outbox.outbox_delivery set status = 'skipped' where event_id = $1`, [huge[1]]);
    const command = `insert into outbox.outbox_command (id, sink, command, arguments, asked_by)
      values (gen_random_uuid(), 'narrow', 'replay', $1, 'olga') returning id`;
    const everything = JSON.stringify({ filter: { event_id: huge[1] }, dry_run: false, limit: null, rate: null });
    await owner.query(command, [everything]);
    await relay.runOnce();
    const { rows: replays } = await owner.query('select matched, sent, failed, last_error from outbox.outbox_replay');
    expect(replays).toEqual([
      { matched: '1', sent: '0', failed: '1', last_error: expect.stringContaining('inserted without publish') },
    ]);
    expect(sink.delivered).toHaveLength(others.length);
    expect(relay.received).toBeLessThan(MIB);
    expect(grown).toBeLessThan(100); // copies as text, JSON and parameter would use more than 60 each
  });

  it('many rows of 1 MiB are read in portions while the sink is blocked', async () => {
    const sink = new ScriptedSink('stuck');
    const hanging = await insert({ aggregate: 'first' });
    sink.outcomes.set(hanging.id, () => new Promise(() => undefined));
    sink.defaultOutcome = () => new Promise(() => undefined);
    for (let i = 0; i < 40; i++) {
      const { id } = await insert({ aggregate: String(i) });
      await owner.query(
        `update outbox.outbox_log set size = 1000000, payload = json_build_object('data', repeat('x', 999000)) where event_id = $1`,
        [id],
      );
    }
    const relay = await relayOf(sink);
    relay.start();
    await pollUntil(() => sink.delivered.length > 0);
    await pollUntil(() => relay.health().term!.readAgoMs > 500); // it polls every 20 ms, so reading is paused
    await relay.stop(0);
    expect(relay.received).toBeGreaterThan(16 * MIB - 2e6);
    expect(relay.received).toBeLessThan(36 * MIB); // of 40: at most two portions
  });

  it('a broken envelope fails, a newer version waits for a newer worker, and an event without a handler passes', async () => {
    const source = await new DataSource({ type: 'postgres', url: database.workerUrl }).initialize();
    const porter = new Porter();
    const sink = new LocalSink(new ConsumerRunner(defineConsumers([porter])[0]!, new Receipts(source)));
    const parcel = (aggregate: string, changes: Partial<TestEvent> = {}) =>
      insert({ type: 'parcel.sent', aggregate, data: { to: 'a@example.com' }, ...changes });
    const texts = ['null', '[]', '7', '{}', '{"data":null}', '{"data":"x"}', '{"data":{"to":"nobody"}}'];
    const broken = [];
    for (const [i, text] of texts.entries()) {
      const { id } = await parcel(`broken-${i}`);
      await owner.query('update outbox.outbox_log set payload = $2::json where event_id = $1', [id, text]);
      broken.push(id);
    }
    const unknown = await insert({ type: 'parcel.unheard', aggregate: 'u' });
    const newer = await parcel('newer', { version: 99 });
    const behindNewer = await parcel('newer');
    const good = await parcel('good');
    const relay = await relayOf(sink);
    await relay.runOnce();
    await relay.runOnce(); // the second attempt makes the failure permanent
    const statuses = new Map<string, string>();
    for (const { id } of [unknown, newer, behindNewer, good]) statuses.set(id, (await statusOf(owner, id)).status);
    for (const id of broken) expect(await statusOf(owner, id)).toMatchObject({ status: 'failed', attempts: 2 });
    expect([...statuses.values()]).toEqual(['not_wanted', 'retrying', 'waiting', 'published']);
    expect((await statusOf(owner, newer.id)).attempts).toBe(0);
    expect(porter.carried).toEqual([good.id]);
    await source.destroy();
  });
});
