import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { TestDatabase } from '../../../../test/support/database/database.js';
import { startDatabaseServer } from '../../../../test/support/database/database-server.js';
import { insertEvent, statusOf } from '../../../../test/support/outbox/events.js';
import { refused, ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { SinkRelay } from '../leader/sink.relay.js';
import { registerSinks } from '../log/register-sinks.js';
import { accepted } from '../delivery/sink.js';
import { rebaseOutbox } from './rebase.js';

const TABLES = [
  'outbox_log',
  'outbox_sink',
  'outbox_progress',
  'outbox_delivery',
  'outbox_attempt',
  'outbox_command',
  'outbox_replay',
  'outbox_sink_type',
];

describe('rebaseOutbox', () => {
  let young: TestDatabase; // a cluster whose transaction counter is low
  let old: TestDatabase;
  const open: pg.Client[] = [];

  beforeAll(async () => {
    [young, old] = await Promise.all([startDatabaseServer(), startDatabaseServer()]);
    await spendUpTo(old, 2500);
  });

  afterAll(async () => {
    for (const client of open) await client.end();
    await old.drop();
    await young.drop();
  });

  async function connect(url: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    open.push(client);
    return client;
  }

  /** Consumes transaction ids until the counter reaches a number. */
  async function spendUpTo(database: TestDatabase, id: number): Promise<void> {
    const owner = await connect(database.ownerUrl);
    await owner.query(`create or replace procedure spend_ids(up_to bigint) language plpgsql as $$ begin
      while pg_current_xact_id()::text::bigint < up_to loop commit; end loop; end $$`);
    await owner.query(`call spend_ids(${id})`);
  }

  const relayOf = (database: TestDatabase, sink: ScriptedSink): SinkRelay =>
    new SinkRelay({
      url: database.workerUrl,
      sink,
      worker: 'spec',
      random: () => 0,
      limits: { fresh: 4, late: 2, bytes: 1e6 },
      pollIntervalMs: 20,
      storeIntervalMs: 0,
      leaderTimeoutMs: 5000,
    });

  async function drain(database: TestDatabase, sink: ScriptedSink): Promise<void> {
    for (let i = 0; i < 2; i++) await relayOf(database, sink).runOnce(); // a refused event needs two runs
  }

  /** Restores all tables in one transaction, as a dump does. */
  async function restore(from: TestDatabase, to: TestDatabase, withSequence: boolean): Promise<void> {
    const [source, target] = [await connect(from.ownerUrl), await connect(to.ownerUrl)];
    await target.query('begin');
    for (const table of TABLES) {
      const { rows } = await source.query(`select json_agg(t) as rows from outbox.${table} t`);
      const sql = `insert into outbox.${table} select * from json_populate_recordset(null::outbox.${table}, $1)`;
      await target.query(sql, [JSON.stringify(rows[0].rows ?? [])]);
    }
    await target.query('commit');
    if (!withSequence) return;
    const { rows } = await source.query('select last_value from outbox.outbox_position');
    await target.query(`select setval('outbox.outbox_position', $1)`, [rows[0].last_value]);
  }

  async function empty(...databases: TestDatabase[]): Promise<void> {
    const tables = TABLES.map((table) => `outbox.${table}`).join();
    for (const { ownerUrl } of databases) await (await connect(ownerUrl)).query(`truncate ${tables}`);
  }

  interface CursorRow {
    readonly sink: string;
    readonly position: string;
    readonly snapshot: string;
  }

  async function cursorOf(sink: string, owner: pg.Client): Promise<CursorRow> {
    const { rows } = await owner.query<CursorRow>(
      'select sink, position, snapshot::text from outbox.outbox_progress where sink = $1 order by number desc limit 1',
      [sink],
    );
    return rows[0]!;
  }

  /** Inserts a replay that started at this cursor and has reached this event. */
  async function beginReplay(owner: pg.Client, { sink, position, snapshot }: CursorRow, reached: string): Promise<void> {
    await owner.query(
      `insert into outbox.outbox_replay (id, sink, filter, dry_run, start_position, end_position, position, snapshot)
       select gen_random_uuid(), $1, '{"status": "published"}', false, 0, $2, position, $3 from outbox.outbox_log where event_id = $4`,
      [sink, position, snapshot, reached],
    );
  }

  const otherThan = (database: TestDatabase): TestDatabase => (database === young ? old : young);

  describe.each([
    ['an older cluster to a younger one, sequence included', () => old, true],
    ['a younger cluster to an older one, without the sequence', () => young, false],
  ])('from %s', (_, from, withSequence) => {
    it('loses no event, sends no delivered event again, and keeps the order of each aggregate', async () => {
      const source = from();
      const target = otherThan(source);
      await empty(source, target);
      const [api, held] = [await connect(source.apiUrl), await connect(source.apiUrl)];
      const ids: string[] = [];
      const insert = async (client = api, aggregate: string = randomUUID()): Promise<string> => {
        const { id } = await insertEvent(client, { aggregate });
        ids.push(id);
        return id;
      };
      const [ahead, behind, later] = [
        new ScriptedSink('ahead'),
        new ScriptedSink('behind'),
        new ScriptedSink('later', { from: 'now' }),
      ];
      await registerSinks(source.workerUrl, [ahead, behind], 'spec');

      for (let i = 0; i < 6; i++) await insert();
      await drain(source, ahead);
      await held.query('begin');
      const lateIds: string[] = [];
      for (let i = 0; i < 7; i++) lateIds.push(await insert(held, 'late'));
      const failed = await insert(api, 'broken');
      const waiting = await insert(api, 'broken');
      behind.outcomes.set(failed, refused('never', true));
      await drain(source, behind);
      await registerSinks(source.workerUrl, [later], 'spec');
      await held.query('commit');
      const unread = await insert();
      const begun = await cursorOf('behind', await connect(source.ownerUrl));
      // The relay of `behind` is killed while it delivers the slices of a late set.
      let handedOver = 0;
      behind.defaultOutcome = () => (++handedOver > 3 ? new Promise(() => undefined) : accepted);
      const killed = relayOf(source, behind);
      killed.start();
      const progress = await connect(source.ownerUrl);
      const newest = `select late_position::int as late from outbox.outbox_progress where sink = 'behind' order by number desc limit 1`;
      await pollUntil(async () => handedOver > 3 && (await progress.query(newest)).rows[0].late > 0);
      await killed.stop(0);
      await beginReplay(progress, begun, ids[2]!);
      await restore(source, target, withSequence);
      await expect(registerSinks(target.workerUrl, [ahead], 'spec')).rejects.toMatchObject({ code: 'PIKAIA_OUTBOX_RESTORED' });
      const published = await insertEvent(await connect(target.apiUrl)); // a publisher that does not wait for the rebase
      ids.push(published.id);
      const before = new Map([ahead, behind, later].map((sink) => [sink.name, [...sink.ids]]));
      expect(await rebaseOutbox(target.ownerUrl)).toEqual({ sinks: ['ahead', 'behind', 'later'], events: ids.length });

      behind.defaultOutcome = undefined;
      await registerSinks(target.workerUrl, [ahead, behind, later], 'spec');
      await Promise.all([ahead, behind, later].map((sink) => drain(target, sink)));
      const eventsSince = (sink: ScriptedSink) => sink.delivered.slice(before.get(sink.name)!.length);
      const newIds = (sink: ScriptedSink) => eventsSince(sink).flatMap((event) => (event.replayed ? [] : event.eventId));
      const replayed = eventsSince(behind).flatMap((event) => (event.replayed ? event.eventId : []));
      expect(replayed.sort()).toEqual(ids.slice(3, 6).sort()); // not the late events, handed over after its start
      const missing = [unread, published.id];
      expect(newIds(ahead).sort()).toEqual([...lateIds, failed, waiting, ...missing].sort());
      expect(newIds(later).sort()).toEqual([...lateIds, ...missing].sort());
      const first = lateIds.findIndex((id) => newIds(behind).includes(id));
      expect(newIds(behind).sort()).toEqual([...lateIds.slice(first), ...missing].sort());
      expect(first).toBeGreaterThan(0);
      for (const sink of [ahead, behind, later]) {
        const inOrder = newIds(sink).filter((id) => lateIds.includes(id));
        expect(inOrder).toEqual(lateIds.slice(-inOrder.length));
      }
      const owner = await connect(target.ownerUrl);
      expect(await statusOf(owner, failed)).toMatchObject({ status: 'failed' });
      expect(await statusOf(owner, waiting)).toMatchObject({ status: 'waiting' });
      expect(await statusOf(owner, ids[0]!)).toMatchObject({ status: 'published', published_at: expect.any(Date) });
      const next = await insertEvent(await connect(target.apiUrl), { aggregate: 'late' });
      expect(
        Number((await owner.query(`select position from outbox.outbox_log where event_id = $1`, [next.id])).rows[0].position),
      ).toBeGreaterThan(ids.length);
      await Promise.all([ahead, behind, later].map((sink) => drain(target, sink)));

      // The counter passes the ids of the old cluster, and no event is sent again.
      const counts = [ahead, behind, later].map((sink) => sink.ids.length);
      await spendUpTo(target, 4000);
      await Promise.all([ahead, behind, later].map((sink) => drain(target, sink)));
      expect([ahead, behind, later].map((sink) => sink.ids.length)).toEqual(counts);
      expect(await rebaseOutbox(target.ownerUrl)).toEqual({ sinks: [], events: 0 });
    });
  });

  it('a rebase that leaves old ids above the new cursor sends delivered events again (planted)', async () => {
    const owner = await connect(young.ownerUrl);
    const sink = new ScriptedSink('planted');
    await registerSinks(young.workerUrl, [sink], 'spec');
    await drain(young, sink);
    const count = sink.ids.length;
    const { rows } = await owner.query<{ id: string }>('select pg_current_xact_id()::text::bigint + 100 as id');
    await owner.query('update outbox.outbox_log set txid = $1::text::xid8', [rows[0]!.id]);
    await drain(young, sink);
    expect(sink.ids).toHaveLength(count);
    await spendUpTo(young, Number(rows[0]!.id) + 10);
    await drain(young, sink);
    expect(sink.ids).toHaveLength(2 * count);
  });

  it('keeps which events a sink receives by the types that it has registered', async () => {
    await empty(young, old);
    const api = await connect(young.apiUrl);
    const insert = async (type: string): Promise<string> => (await insertEvent(api, { type, aggregate: randomUUID() })).id;
    const types = ['thing.changed'];
    await registerSinks(young.workerUrl, [new ScriptedSink('typed', { types })], 'spec');
    const early = await insert('thing.painted');
    const sink = new ScriptedSink('typed', { types: [...types, 'thing.painted'] });
    await registerSinks(young.workerUrl, [sink], 'spec');
    const late = await insert('thing.painted');
    await restore(young, old, true);
    await rebaseOutbox(old.ownerUrl);
    await drain(old, sink);
    expect(sink.ids).toEqual([late]);
    const owner = await connect(old.ownerUrl);
    expect([(await statusOf(owner, early)).status, (await statusOf(owner, late)).status]).toEqual(['not_wanted', 'published']);
  });

  it('refuses to rebase while a worker leads a sink', async () => {
    const sink = new ScriptedSink('led');
    await registerSinks(old.workerUrl, [sink], 'spec');
    const leader = relayOf(old, sink)['createLeader']();
    await leader.connect();
    expect(await leader.tryLock()).toBe(true);
    await expect(rebaseOutbox(old.ownerUrl)).rejects.toMatchObject({
      code: 'PIKAIA_OUTBOX_IN_USE',
      message: expect.stringContaining('leads led'),
    });
    await leader.close();
  });
});
