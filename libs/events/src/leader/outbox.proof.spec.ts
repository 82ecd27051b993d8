import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { insertEvent } from '../../../../test/support/outbox/events.js';
import { faultyRelays } from '../../../../test/support/outbox/faulty-relays.js';
import { reportProof } from '../../../../test/support/random/proof.report.js';
import { seededRandom } from '../../../../test/support/random/seeded-random.js';
import { Leader } from './leader.js';
import { SinkRelay, type RelayOptions } from './sink.relay.js';
import { registerSinks } from '../log/register-sinks.js';
import { accepted, type Sink, type SinkEvent } from '../delivery/sink.js';

// PIKAIA_PROOF_SECONDS sets a longer duration. PIKAIA_PROOF_SEED repeats the random choices of a run.
const SECONDS = Number(process.env['PIKAIA_PROOF_SECONDS'] ?? 0);
const WAIT_TIMEOUT_MS = 60_000; // ten times what a wait takes, for a busy machine
const SEED = Number(process.env['PIKAIA_PROOF_SEED'] ?? randomInt(2 ** 31));
const ROUND_MS = 4000; // time for writing; then every committed event has to arrive
const MIN_KILLS = 10;
const MAX_ROUNDS = 6; // for a short run: if a planted fault loses nothing by then, the proof is worthless
const WRITERS = 10;
const AGGREGATES = 40;
const LIMITS = { fresh: 50, late: 10, bytes: 20_000 };

/** Always believes that it leads. Only the numbers of the stored cursors can stop it. */
class LawlessRelay extends SinkRelay {
  protected override createLeader(): Leader {
    const leader = super.createLeader();
    leader.tryLock = () => Promise.resolve(true);
    return leader;
  }
}

class RecordingSink implements Sink {
  readonly from = 'beginning';
  readonly ordering = 'aggregate';
  readonly types = null;
  readonly deliveredIds = new Set<string>();
  readonly versions = new Map<string, number>();
  repeated = 0;
  outOfOrder = 0;

  constructor(
    readonly name: string,
    private readonly random: () => number,
    readonly limits = { maxBatchEvents: 5, maxBatchBytes: 100_000, maxConcurrency: 4 },
  ) {}

  async deliver(batch: readonly SinkEvent[]) {
    for (const event of batch) this.note(event);
    const burst = Math.floor(performance.now() / 400) % 2; // so that reading sometimes runs far ahead of it
    if (this.random() < 0.2) await sleep(this.random() * (burst ? 20 : 4));
    return batch.map(() => accepted);
  }

  private note({ eventId, aggregateId, payload }: SinkEvent): void {
    if (this.deliveredIds.has(eventId)) {
      this.repeated++;
      return;
    }
    this.deliveredIds.add(eventId);
    const { version } = (JSON.parse(payload) as { data: { version?: number } }).data;
    if (version === undefined) return;
    if ((this.versions.get(aggregateId) ?? 0) >= version) this.outOfOrder++;
    this.versions.set(aggregateId, version);
  }
}

describe(`the outbox's reading rule (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  const below = (n: number): number => Math.floor(random() * n);
  const chance = (p: number): boolean => random() < p;
  const committed = new Set<string>();
  const honest = new RecordingSink('honest', random);
  // The plant `ahead` loses events that were read and not delivered. One call at a time guarantees some on a slow machine too.
  const planted = Object.keys(faultyRelays).map((name) => {
    const limits = name === 'ahead' ? { maxBatchEvents: 2, maxBatchBytes: 100_000, maxConcurrency: 1 } : undefined;
    return new RecordingSink(`planted-${name}`, random, limits);
  });
  const counts = { rolledBack: 0, kills: 0, wrongStatus: 0, rounds: 0, emptied: 0 };
  let database: TestDatabase;
  let owner: pg.Client;
  let relays: SinkRelay[] = [];

  beforeAll(async () => {
    database = await createDatabase();
    owner = await connect(database.ownerUrl);
    await owner.query(`
      create table proof_aggregate (id int primary key, version int not null);
      insert into proof_aggregate select g, 0 from generate_series(0, ${AGGREGATES - 1}) g;
      grant select, update on proof_aggregate to pikaia_api;
      -- a process that is suspended between taking a position and the rest of its insert, its transaction id included
      create function proof_position() returns bigint language plpgsql as $$ declare p bigint; begin
        p := nextval('outbox.outbox_position');
        if random() < (case when pg_current_xact_id_if_assigned() is null then 0.4 else 0.05 end) then
          perform pg_sleep(random() * 0.03);
        end if;
        return p; end $$;
      alter table outbox.outbox_log alter position set default proof_position();
      -- each writer has a slot of its own, so that one is free while others are in use; reading does not know of slots
      alter table outbox.outbox_log alter slot set default (pg_backend_pid() % 12)::smallint`);
    await changeEmptying("'200ms'", "'20ms'"); // readers wait for it, and here it is called constantly
    await registerSinks(database.workerUrl, [honest, ...planted], 'proof');
    const optionsFor = (sink: Sink): RelayOptions => ({
      url: database.workerUrl,
      sink,
      worker: randomUUID(),
      limits: LIMITS,
      random,
      pollIntervalMs: 10,
      storeIntervalMs: 20,
      leaderTimeoutMs: 5000,
    });
    relays = [
      new SinkRelay(optionsFor(honest)),
      new SinkRelay(optionsFor(honest)),
      new LawlessRelay(optionsFor(honest)),
      ...Object.values(faultyRelays).map((Planted, i) => new Planted(optionsFor(planted[i]!))),
    ];
    for (const relay of relays) relay.start();
  });

  afterAll(async () => {
    await Promise.all(relays.map((relay) => relay.stop(1000)));
    await owner.end();
    await database.drop();
  });

  it(
    'loses no event and keeps the order under any commit order, kills and stolen leadership; each planted fault loses events',
    async () => {
      const startedAt = performance.now();
      const lostBy = (sink: RecordingSink): number => [...committed].filter((id) => !sink.deliveredIds.has(id)).length;
      do {
        counts.rounds++;
        await writeForAWhile();
        await pollUntil(
          () => lostBy(honest),
          (lost) => lost === 0,
          WAIT_TIMEOUT_MS,
        );
        await pollUntil(quiet(planted), Boolean, WAIT_TIMEOUT_MS);
        for (let slot = 0; slot < 12; slot++) await emptySlot(owner, slot);
      } while (
        performance.now() - startedAt < SECONDS * 1000 ||
        (counts.rounds < MAX_ROUNDS &&
          (counts.kills <= MIN_KILLS || !counts.emptied || planted.some((sink) => lostBy(sink) === 0)))
      );
      const ghosts = [...honest.deliveredIds].filter((id) => !committed.has(id)).length;
      const lost = Object.fromEntries([honest, ...planted].map((sink) => [sink.name, lostBy(sink)]));
      const { kills, rounds, emptied } = counts;
      const figures = { committed: committed.size, repeated: honest.repeated, kills, rounds, emptied, lost: lost[honest.name]! };
      reportProof('reading the outbox', SEED, figures);
      expect({ ghosts, outOfOrder: honest.outOfOrder, wrongStatus: counts.wrongStatus }).toEqual({
        ghosts: 0,
        outOfOrder: 0,
        wrongStatus: 0,
      });
      expect(Object.entries(lost).filter(([, number]) => number === 0)).toEqual([['honest', 0]]);
      expect(counts.kills).toBeGreaterThan(MIN_KILLS);
      expect(counts.emptied).toBeGreaterThan(0);
    },
    (SECONDS + 240) * 1000,
  );

  it('a planted rule that empties slots by age alone loses events that are not yet read', async () => {
    await changeEmptying('if unread is not null then', 'if false then');
    await writeForAWhile();
    await pollUntil(quiet([honest]), Boolean, WAIT_TIMEOUT_MS);
    expect([...committed].some((id) => !honest.deliveredIds.has(id))).toBe(true);
  });

  async function changeEmptying(from: string, to: string): Promise<void> {
    const { rows } = await owner.query<{ text: string }>(`select pg_get_functiondef('outbox.empty_slot'::regproc) as text`);
    expect(rows[0]!.text).toContain(from);
    await owner.query(rows[0]!.text.replace(from, to));
  }

  async function writeForAWhile(): Promise<void> {
    const state = { writing: true };
    const nemesis = Promise.all([rob(state), compareStatus(state), emptySlots(state)]);
    const writers = Array.from({ length: WRITERS }, () => write(state));
    await sleep(ROUND_MS);
    state.writing = false;
    await Promise.all([...writers, nemesis]);
  }

  /** Runs transactions of all kinds. Each changes the row of the aggregate before its event, as `publish` requires. */
  async function write(state: { writing: boolean }): Promise<void> {
    const client = await connect(database.apiUrl);
    while (state.writing) {
      if (Math.floor(performance.now()) % 1500 < 400) await sleep(50 + below(50)); // no new transactions, but some are still open
      const mine: string[] = [];
      const publish = async (aggregate: string, version?: number): Promise<void> => {
        const { id } = await insertEvent(client, { aggregate, data: version === undefined ? {} : { version } });
        mine.push(id);
      };
      const holdMs = chance(0.004) ? 1500 + below(1500) : chance(0.03) ? 100 + below(900) : 0;
      await client.query(chance(0.2) ? 'begin isolation level repeatable read' : 'begin');
      try {
        await act(client, publish, holdMs);
        if (chance(0.1)) {
          await client.query('rollback');
          counts.rolledBack++;
          continue;
        }
        await commit(client);
        for (const id of mine) committed.add(id);
      } catch (error) {
        await client.query('rollback');
        if ((error as { code?: string }).code !== '40001') throw error; // serialization failure under repeatable read
      }
    }
    await client.end();
  }

  async function act(
    client: pg.Client,
    publish: (aggregate: string, version?: number) => Promise<void>,
    holdMs: number,
  ): Promise<void> {
    if (holdMs && chance(0.5)) {
      await client.query('select count(*) from proof_aggregate'); // takes a snapshot but no transaction id
      await sleep(holdMs / 2);
    }
    const touched = holdMs || chance(0.3) ? [] : [...new Set(Array.from({ length: 1 + below(3) }, () => below(AGGREGATES)))];
    for (const id of touched.sort((a, b) => a - b)) {
      if (chance(0.2)) await client.query('savepoint s');
      const changed = 'update proof_aggregate set version = version + 1 where id = $1 returning version';
      const { rows } = await client.query<{ version: number }>(changed, [id]);
      await publish(`aggregate-${id}`, rows[0]!.version);
      if (chance(0.3)) await sleep(below(8));
    }
    for (let i = holdMs && chance(0.5) ? LIMITS.fresh * 2 : 2; i > 0; i--) await publish(randomUUID());
    if (!holdMs) return;
    await sleep(holdMs / 2);
    await publish(randomUUID());
  }

  async function commit(client: pg.Client): Promise<void> {
    if (!chance(0.03)) {
      await client.query('commit');
      return;
    }
    const name = randomUUID();
    await client.query(`prepare transaction '${name}'`);
    await sleep(below(500));
    await client.query(`commit prepared '${name}'`);
  }

  /** Ends reading connections at random moments. */
  async function rob(state: { writing: boolean }): Promise<void> {
    const sql = `select count(pg_terminate_backend(pid))::int as killed from pg_stat_activity
      where application_name = $1 and datname = current_database()`;
    while (state.writing) {
      await sleep(20 + below(200));
      const victim = chance(0.5) ? honest.name : 'planted-ahead';
      const { rows } = await owner.query<{ killed: number }>(sql, [`pikaia-relay ${victim}`]);
      counts.kills += rows[0]!.killed;
    }
  }

  async function emptySlots(state: { writing: boolean }): Promise<void> {
    const client = await connect(database.workerUrl);
    while (state.writing) {
      await sleep(50 + below(100));
      await emptySlot(client, below(12));
    }
    await client.end();
  }

  /** Allows deletion of every event that all sinks passed. */
  async function emptySlot(client: pg.Client, slot: number): Promise<void> {
    try {
      const { rows } = await client.query<{ outcome: string }>(`select outbox.empty_slot($1, '0 seconds') as outcome`, [slot]);
      if (rows[0]!.outcome === 'emptied') counts.emptied++;
    } catch (error) {
      if ((error as { code?: string }).code !== '55P03') throw error; // the partition is in use
    }
  }

  /** Checks that every event below the stored cursor was delivered. */
  async function compareStatus(state: { writing: boolean }): Promise<void> {
    const sql = `with newest as materialized (
        select p from outbox.outbox_progress p where sink = 'honest' order by number desc limit 1)
      select l.event_id from outbox.outbox_log l, newest where outbox.covers(newest.p, l.position, l.txid)`;
    const client = await connect(database.workerUrl);
    while (state.writing) {
      await sleep(500);
      const { rows } = await client.query<{ event_id: string }>(sql);
      counts.wrongStatus += rows.filter((row) => !honest.deliveredIds.has(row.event_id)).length;
    }
    await client.end();
  }

  /** True once no sink received an event for 1 s. */
  function quiet(sinks: readonly RecordingSink[]): () => boolean {
    let seen = -1;
    let since = 0;
    return () => {
      const now = sinks.reduce((sum, sink) => sum + sink.deliveredIds.size, 0);
      if (now !== seen) [seen, since] = [now, performance.now()];
      return performance.now() - since > 1000;
    };
  }
});
