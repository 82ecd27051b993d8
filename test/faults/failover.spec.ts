import type pg from 'pg';
import type { LogCursor } from '@pikaia/database';
import { CursorStore } from '../../libs/events/src/log/cursor.store.js';
import type { DeliveryChanges } from '../../libs/events/src/log/delivery.record.js';
import { SinkRelay, type RelayOptions } from '../../libs/events/src/leader/sink.relay.js';
import { registerSinks } from '../../libs/events/src/log/register-sinks.js';
import { connect } from '../support/database/database.js';
import { startDatabaseServer, type TestDatabaseServer } from '../support/database/database-server.js';
import { insertEvent } from '../support/outbox/events.js';
import { ScriptedSink } from '../support/outbox/scripted-sink.js';
import { StandbyServer } from '../support/database/standby-server.js';
import { TcpProxy } from '../support/database/tcp.proxy.js';
import { pollUntil } from '../support/time/wait-for.js';

const AGGREGATES = 5;
const LOST_COUNT = 100; // more than the 32 values by which a replicated sequence is ahead, so the new primary assigns some positions again

/** A faulty relay that keeps its cursor in memory across a reconnect instead of reading it from the database. */
class RememberingRelay extends SinkRelay {
  private stored: LogCursor | undefined;

  protected override createStore(client: pg.Client): CursorStore {
    const keep = (cursor?: LogCursor): LogCursor | undefined => (this.stored = cursor ?? this.stored);
    const { sink, worker } = this.own;
    return new (class extends CursorStore {
      override async load() {
        const loaded = await super.load();
        return { ...loaded, cursor: keep() ?? loaded.cursor };
      }

      override store(cursor: LogCursor, changes: DeliveryChanges): Promise<number> {
        keep(cursor);
        return super.store(cursor, changes);
      }
    })(client, sink.name, worker);
  }

  constructor(private readonly own: RelayOptions) {
    super(own);
  }
}

describe('a failover to a standby that lagged', () => {
  let primary: TestDatabaseServer;
  let standby: StandbyServer;
  let replication: TcpProxy;
  /** The proxy whose address the applications use. */
  let address: TcpProxy;
  const honest = new ScriptedSink('honest');
  const remembering = new ScriptedSink('remembering');
  const relays: SinkRelay[] = [];

  beforeAll(async () => {
    primary = await startDatabaseServer({ extraSettings: ['max_prepared_transactions=5'] });
    [replication, address] = [await TcpProxy.start(primary.ownerUrl), await TcpProxy.start(primary.ownerUrl)];
    standby = await StandbyServer.of(primary, (url) => replication.proxyUrl(url));
    await registerSinks(primary.workerUrl, [honest, remembering], 'spec');
  });

  afterAll(async () => {
    await Promise.all(relays.map((relay) => relay.stop(0)));
    await address.stop();
    await replication.stop();
    await standby.drop();
    await primary.drop();
  });

  const optionsFor = (sink: ScriptedSink): RelayOptions => ({
    url: address.proxyUrl(primary.workerUrl),
    sink,
    worker: 'spec',
    random: () => 0.1,
    pollIntervalMs: 20,
    storeIntervalMs: 5,
    leaderTimeoutMs: 5000,
  });

  async function publish(client: pg.Client, count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push((await insertEvent(client, { aggregate: `a${i % AGGREGATES}` })).id);
    return ids;
  }

  const delivered = (sink: ScriptedSink, ids: readonly string[]) => pollUntil(() => ids.every((id) => sink.ids.includes(id)));

  /** Waits until the standby has everything that was written so far. */
  async function waitForReplication(client: pg.Client): Promise<void> {
    const { rows } = await client.query<{ position: string }>('select pg_current_wal_lsn()::text as position');
    await pollUntil(() => standby.hasReached(rows[0]!.position));
  }

  it('loses no event of the new primary and keeps their order, and the check reports a relay that keeps its old cursor', async () => {
    relays.push(new SinkRelay(optionsFor(honest)), new RememberingRelay(optionsFor(remembering)));
    for (const relay of relays) relay.start();
    const before = await connect(primary.ownerUrl);
    const kept = await publish(before, 20);
    await Promise.all([honest, remembering].map((sink) => delivered(sink, kept)));
    const open = await connect(primary.ownerUrl);
    await open.query('begin');
    const never = await publish(open, 3); // a transaction that is lost with the old primary
    const late = await connect(primary.ownerUrl);
    await late.query(`begin`);
    const prepared = await publish(late, 3); // a transaction that survives the failover, with positions below the cursor
    await late.query(`prepare transaction 'survivor'`);
    const last = await publish(before, 1);
    await Promise.all([honest, remembering].map((sink) => delivered(sink, last)));
    await waitForReplication(before);

    replication.disconnectAll();
    replication.setTarget('postgres://127.0.0.1:1'); // replication is cut
    const lost = await publish(before, LOST_COUNT);
    await Promise.all([honest, remembering].map((sink) => delivered(sink, lost)));
    await primary.server.kill();
    await standby.promote();
    address.setTarget(standby.server.url);
    address.disconnectAll();

    const after = await connect(standby.server.url);
    const fresh = await publish(after, 20);
    await after.query(`commit prepared 'survivor'`);
    const { rows } = await after.query<{ event_id: string; aggregate_id: string; position: number }>(
      'select event_id, aggregate_id, position::int from outbox.outbox_log order by position',
    );
    const there = rows.map(({ event_id }) => event_id);
    expect([...there].sort()).toEqual([...kept, ...prepared, ...last, ...fresh].sort());
    await delivered(honest, there);
    expect(honest.ids.filter((id) => never.includes(id))).toEqual([]);
    // The events of an aggregate arrive in position order. Those of the prepared transaction arrive after its commit.
    const inOrder = rows.filter(({ event_id }) => !prepared.includes(event_id));
    for (let i = 0; i < AGGREGATES; i++) {
      const own = inOrder.filter(({ aggregate_id }) => aggregate_id === `a${i}`).map(({ event_id }) => event_id);
      expect([...new Set(honest.ids)].filter((id) => own.includes(id))).toEqual(own);
    }
    const positions = rows.filter(({ event_id }) => fresh.includes(event_id)).map(({ position }) => position);
    expect(Math.max(...positions)).toBeLessThan(kept.length + LOST_COUNT); // some positions were assigned twice
    expect(there.filter((id) => !remembering.ids.includes(id)).length).toBeGreaterThan(0);
    await after.query(`update outbox.outbox_sink set state = 'retired' where name = 'remembering'`);
    const unpublished = `select from events_outboxevent where status <> 'published'`;
    await pollUntil(async () => (await after.query(unpublished)).rowCount === 0);
    for (const client of [before, open, late, after]) await client.end().catch(() => undefined);
  });
});
