import { captureLogs } from '@pikaia/logging/testing';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { insertEvent, statusOf } from '../../../../test/support/outbox/events.js';
import { ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { TcpProxy } from '../../../../test/support/database/tcp.proxy.js';
import { OUTBOX_CHANNEL } from '../log/outbox-channel.js';
import type { OutboxReader } from '../log/outbox.reader.js';
import type { Leader } from './leader.js';
import { SinkRelay, type RelayOptions } from './sink.relay.js';
import { RelaySupervisor } from '../worker/relay.supervisor.js';
import { registerSinks } from '../log/register-sinks.js';
import { accepted } from '../delivery/sink.js';

describe('SinkRelay', () => {
  let database: TestDatabase;
  let owner: pg.Client;
  let api: pg.Client;
  let sink: ScriptedSink;
  let running: { stop(): Promise<void> }[];

  beforeAll(async () => {
    database = await createDatabase();
    owner = await connect(database.ownerUrl);
    api = await connect(database.apiUrl);
  });

  beforeEach(async () => {
    running = [];
    await owner.query(`update outbox.outbox_sink set state = 'retired'`); // ignore the sinks of other tests
    sink = new ScriptedSink(`scripted-${randomUUID()}`, { from: 'now' });
    await registerSinks(database.workerUrl, [sink], 'spec');
  });

  afterEach(() => Promise.all(running.map((relay) => relay.stop())));

  afterAll(async () => {
    await api.end();
    await owner.end();
    await database.drop();
  });

  function relay(options: Partial<RelayOptions> = {}, Relay = SinkRelay): SinkRelay {
    const made = new Relay({
      url: database.workerUrl,
      sink,
      worker: 'spec',
      random: () => 0.1,
      pollIntervalMs: 20,
      storeIntervalMs: 5,
      leaderTimeoutMs: 5000,
      ...options,
    });
    running.push(made);
    return made;
  }

  const killLeader = () =>
    owner.query(
      `select pg_terminate_backend(a.pid) from pg_stat_activity a join pg_locks l on l.pid = a.pid and l.locktype = 'advisory'
       where a.application_name = $1`,
      [`pikaia-relay ${sink.name}`],
    );

  it('one of two relays leads and the other stands by until the first loses its connection', async () => {
    const two = [relay(), relay()];
    for (const one of two) one.start();
    const states = () => two.map((one) => one.health().state).sort();
    await pollUntil(states, (seen) => seen.join() === 'leading,standby');
    const first = two.find((one) => one.health().state === 'leading')!;
    await killLeader();
    await first.stop(0); // otherwise it may reconnect before the other one tries
    const second = two.find((one) => one !== first)!;
    await pollUntil(() => second.health().state === 'leading');
    const event = await insertEvent(api);
    await pollUntil(() => sink.ids.includes(event.id));
    expect(sink.ids).toEqual([event.id]);
  });

  describe('reading ahead', () => {
    const limits = { fresh: 2, late: 2, bytes: 1_000_000 };
    let release: () => void;
    let reads: number;

    class CountedRelay extends SinkRelay {
      protected override createReader(client: pg.Client): OutboxReader {
        const reader = super.createReader(client);
        const { read } = reader;
        reader.read = (cursor) => {
          reads++;
          return read.call(reader, cursor);
        };
        return reader;
      }
    }

    /** Publishes two events that fill one read. The sink accepts the first when it is released. */
    async function startHeld(): Promise<SinkRelay> {
      const [first] = [await insertEvent(api), await insertEvent(api)];
      sink.outcomes.set(first.id, () => new Promise((resolve) => (release = () => resolve(accepted))));
      reads = 0;
      const one = relay({ limits, pollIntervalMs: 60_000 }, CountedRelay);
      one.start();
      await pollUntil(() => sink.ids.includes(first.id));
      return one;
    }

    it('reads the next rows while the rows of a full read are delivered', async () => {
      await startHeld();
      await pollUntil(() => reads === 2);
      release();
    });

    it('does not miss an event that was announced after that read', async () => {
      const one = await startHeld();
      await pollUntil(() => reads === 2);
      const third = await insertEvent(api);
      one.wake();
      release();
      await pollUntil(() => sink.ids.includes(third.id)); // less than the poll interval
    });
  });

  it('releases the leadership when it stops', async () => {
    const first = relay({ leaderTimeoutMs: 120_000 });
    first.start();
    await pollUntil(() => first.health().state === 'leading');
    const second = relay();
    second.start();
    await first.stop();
    await pollUntil(() => second.health().state === 'leading'); // less than the leader timeout
  });

  it('redelivers events if the leader died before it stored the cursor', async () => {
    const event = await insertEvent(api);
    let first = true;
    sink.outcomes.set(event.id, async () => {
      if (first) await killLeader(); // after the delivery, before the cursor is stored
      first = false;
      return accepted;
    });
    relay().start();
    await pollUntil(
      () => statusOf(api, event.id),
      ({ status }) => status === 'published',
    );
    expect(sink.ids).toEqual([event.id, event.id]);
  });

  it('keeps the leadership by pings while it has nothing to do', async () => {
    const quiet = relay({ pollIntervalMs: 60_000, leaderTimeoutMs: 1500 });
    quiet.start();
    await pollUntil(() => quiet.health().state === 'leading');
    const backend = async () => {
      const { rows } = await owner.query<{ pid: number }>('select pid from pg_stat_activity where application_name = $1', [
        `pikaia-relay ${sink.name}`,
      ]);
      return rows[0]?.pid;
    };
    const led = await backend();
    const deadline = performance.now() + 3600; // more than two timeouts
    await pollUntil(() => performance.now() > deadline);
    expect(await backend()).toBe(led);
  });

  const standbys = async (): Promise<number[]> => {
    const { rows } = await owner.query<{ pid: number }>(
      `select a.pid from pg_stat_activity a where a.application_name = $1
       and not exists (select from pg_locks l where l.pid = a.pid and l.locktype = 'advisory') order by a.pid`,
      [`pikaia-relay ${sink.name}`],
    );
    return rows.map(({ pid }) => pid);
  };

  it('standbys keep their sessions if they poll rarely or lead many other sinks', async () => {
    const leading = relay();
    leading.start();
    await pollUntil(() => leading.health().state === 'leading');
    using logs = captureLogs();
    const short = { leaderTimeoutMs: 1500 };
    relay({ ...short, pollIntervalMs: 60_000 }).start();
    relay({ ...short, pollIntervalMs: 3000 }).start();
    relay({ ...short, pollIntervalMs: 20, ledSinkCount: () => 1000, random: () => 1 }).start();
    const first = await pollUntil(standbys, (pids) => pids.length === 3);
    const deadline = performance.now() + 4500; // three timeouts
    await pollUntil(() => performance.now() > deadline);
    expect(await standbys()).toEqual(first);
    expect(logs.of('relay_disconnected')).toEqual([]);
  });

  it('reconnects at once if it loses its session after it stood by, whatever failed before', async () => {
    let [connections, connectedAt, tries, jitter] = [0, 0, 0, 0];
    class CountedRelay extends SinkRelay {
      protected override createLeader(): Leader {
        connections++;
        connectedAt = Date.now();
        const leader = super.createLeader();
        const { tryLock } = leader;
        leader.tryLock = async () => {
          const locked = await tryLock.call(leader);
          tries++;
          return locked;
        };
        return leader;
      }
    }
    const leading = relay();
    leading.start();
    await pollUntil(() => leading.health().state === 'leading');
    const proxy = await TcpProxy.start('postgres://127.0.0.1:1/none');
    running.push(proxy);
    const standby = relay({ url: proxy.proxyUrl(database.workerUrl), random: () => jitter }, CountedRelay);
    standby.start();
    await pollUntil(() => connections > 10); // without jitter, a failure is followed by the next attempt at once
    proxy.setTarget(database.workerUrl);
    await pollUntil(() => tries > 3);
    jitter = 1; // the full backoff: 5 s after so many failures
    using logs = captureLogs();
    const [before, [pid]] = [tries, await standbys()];
    await owner.query('select pg_terminate_backend($1)', [pid]);
    const disconnected = await logs.until('relay_disconnected');
    await pollUntil(async () => tries > before && (await standbys()).some((other) => other !== pid));
    expect(connectedAt - Date.parse(String(disconnected['timestamp']))).toBeLessThan(4000);
    await pollUntil(() => logs.records.length > 1);
    expect(logs.records.map(({ level, event }) => [level, event])).toEqual([
      ['WARNING', 'relay_disconnected'],
      ['INFO', 'relay_reconnected'],
    ]);
    expect(standby.health()).toMatchObject({ state: 'standby', error: null });
  });

  it('finishes the calls in flight when it stops and starts no further calls', async () => {
    const slow = await insertEvent(api, { aggregate: 'a' });
    const next = await insertEvent(api, { aggregate: 'a' });
    let release: () => void = () => undefined;
    sink.outcomes.set(slow.id, () => new Promise((resolve) => (release = () => resolve(accepted))));
    const one = relay();
    one.start();
    await pollUntil(() => sink.ids.length === 1);
    const stopped = one.stop(5000);
    release();
    await stopped;
    expect((await statusOf(api, slow.id)).status).toBe('published');
    expect((await statusOf(api, next.id)).status).toBe('pending');
    expect(sink.ids).toEqual([slow.id]);
  });

  it('stops waiting for a hanging sink when the stop timeout expires', async () => {
    const hanging = await insertEvent(api);
    sink.outcomes.set(hanging.id, () => new Promise(() => undefined));
    const one = relay();
    one.start();
    await pollUntil(() => sink.ids.length === 1);
    await one.stop(50);
    expect((await statusOf(api, hanging.id)).status).toBe('pending');
  });

  it.each(['connects', 'stands by'])('a relay that %s stops at once although the server does not answer', async (moment) => {
    const proxy = await TcpProxy.start(database.workerUrl);
    const leading = relay();
    leading.start();
    await pollUntil(() => leading.health().state === 'leading');
    if (moment === 'connects') proxy.dropResponsesTo('pikaia-relay'); // in the first message of the connection
    const other = relay({ url: proxy.proxyUrl(database.workerUrl), leaderTimeoutMs: 60_000 });
    other.start();
    if (moment === 'stands by') {
      await pollUntil(() => other.health().state === 'standby');
      proxy.dropResponsesTo('outbox-lock');
    }
    await pollUntil(() => proxy.connectionsWithoutResponses === 1);
    const began = performance.now();
    await other.stop();
    expect(performance.now() - began).toBeLessThan(30_000); // the timeout for the server is a minute
    expect(other.health().state).toBe('stopped');
    await proxy.stop();
  });

  it('delivers by polling without notifications', async () => {
    relay({ pollIntervalMs: 50 }).start();
    const event = await insertEvent(api);
    await pollUntil(() => sink.ids.includes(event.id));
  });

  it('delivers immediately when it is woken, even with a long poll interval', async () => {
    const relays = new RelaySupervisor([sink], {
      url: database.workerUrl,
      worker: 'spec',
      pollIntervalMs: 60_000,
      storeIntervalMs: 5,
      leaderTimeoutMs: 60_000,
    });
    running.push(relays);
    await relays.start();
    await pollUntil(() => relays.health()[0]!.state === 'leading');
    await pollUntil(async () => {
      const { rowCount } = await owner.query(
        `select from pg_stat_activity where datname = current_database() and query = 'listen ${OUTBOX_CHANNEL}'`,
      );
      return rowCount === 1;
    });
    for (let i = 0; i < 3; i++) {
      const event = await insertEvent(api);
      await api.query(`notify ${OUTBOX_CHANNEL}`);
      await pollUntil(() => sink.ids.includes(event.id)); // less than the poll interval
    }
  });

  /** Reads the server's counts of inserted and dead rows. Each session reports them when it ends. */
  async function tuples(): Promise<{ inserted: number; dead: number }> {
    const { rows } = await owner.query<{ inserted: number; dead: number }>(
      `select sum(n_tup_ins)::int as inserted, sum(n_dead_tup)::int as dead
       from pg_stat_user_tables where relname like 'outbox_log%' or relname = 'outbox_progress'`,
    );
    return rows[0]!;
  }

  it('delivers while an old transaction is open, and leaves no dead rows in the log and cursor tables', async () => {
    const old = await connect(database.ownerUrl);
    await old.query('begin isolation level repeatable read');
    await old.query('select 1');
    const [publisher, writing] = [await connect(database.apiUrl), await connect(database.apiUrl)];
    await writing.query('begin');
    const last = await insertEvent(writing);
    const ids: string[] = [];
    const before = await tuples();
    const leading = relay();
    leading.start();
    for (let i = 0; i < 300; i++) ids.push((await insertEvent(publisher, { aggregate: String(i % 7) })).id);
    await pollUntil(() => ids.every((id) => sink.ids.includes(id)));
    await writing.query('commit');
    await pollUntil(() => sink.ids.includes(last.id));
    for (const session of [leading.stop(), publisher.end(), writing.end()]) await session;
    const after = await pollUntil(tuples, ({ inserted }) => inserted > before.inserted + ids.length);
    expect(after.dead).toBe(before.dead);

    // planted: one update for each row, as a queue table does
    const marking = await connect(database.ownerUrl);
    await marking.query('update outbox.outbox_log set size = size where event_id = any ($1::uuid[])', [ids]);
    await marking.end();
    await pollUntil(tuples, ({ dead }) => dead >= before.dead + ids.length);
    await old.query('rollback');
    await old.end();
  });

  it('refuses the cursor of another cluster and names the command to run', async () => {
    const restored = new ScriptedSink('restored');
    await registerSinks(database.workerUrl, [restored], 'spec');
    await owner.query(`update outbox.outbox_progress set txid = '77' where sink = 'restored'`);
    await expect(registerSinks(database.workerUrl, [restored], 'spec')).rejects.toMatchObject({
      code: 'PIKAIA_OUTBOX_RESTORED',
      message: expect.stringContaining('physical backup'),
    });
    const fatal: string[] = [];
    const one = relay({ sink: restored, onFatal: ({ code }) => fatal.push(code) });
    one.start();
    await pollUntil(() => one.health().state === 'broken');
    expect(fatal).toEqual(['PIKAIA_OUTBOX_RESTORED']);
  });

  it('stops if another server process answers on its connection', async () => {
    const leader = relay()['createLeader']();
    await leader.connect();
    const { rows } = await leader.client.query<{ own: number }>('select pg_backend_pid() as own');
    expect(() => leader.verifyBackend(rows[0]!.own)).not.toThrow();
    expect(() => leader.verifyBackend(rows[0]!.own + 1)).toThrow(expect.objectContaining({ code: 'PIKAIA_OUTBOX_POOLED' }));
    await leader.close();
  });
});
