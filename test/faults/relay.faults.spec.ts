import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { registerSinks } from '../../libs/events/src/log/register-sinks.js';
import { withConnection } from '../support/database/database.js';
import { startDatabaseServer, type TestDatabaseServer } from '../support/database/database-server.js';
import { FaultProducers, KEYS_TABLE, TYPES } from '../support/outbox/fault.producers.js';
import {
  NO_RELAY_FLAWS,
  relayFlaws,
  type DeliveredEvent,
  type Disruption,
  type RelayFlaws,
} from '../support/outbox/relay.history.js';
import { FAULT_POINTS, RelayProcess, type RelayControl } from '../support/outbox/relay.process.js';
import { ScriptedSink } from '../support/outbox/scripted-sink.js';
import { reportProof } from '../support/random/proof.report.js';
import { seededRandom } from '../support/random/seeded-random.js';
import { pollUntil } from '../support/time/wait-for.js';

// PIKAIA_PROOF_SECONDS sets the duration. PIKAIA_PROOF_SEED repeats the random choices of a run.
const SECONDS = Number(process.env['PIKAIA_PROOF_SECONDS'] ?? 0);
const SEED = Number(process.env['PIKAIA_PROOF_SEED'] ?? randomInt(2 ** 31));
const WORKERS = 3;
const WRITERS = 3;
const FAULT_DURATION_MS = 500;
const LEADER_TIMEOUT_MS = 1500;
const HORIZON_MS = 3000; // a cursor is stored every 50 ms, but the machine can be busy
const MAX_BACKLOG = 1_000; // the writers slow down at this many undelivered events, so a slow machine can deliver all of them in time
const HOUR_MS = 3_600_000;
const WAIT_TIMEOUT_MS = 60_000;

jest.setTimeout((SECONDS + 240) * 1000);

describe(`three relays under random faults (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  const sink = new ScriptedSink('history', { types: TYPES });
  const directory = mkdtempSync(join(tmpdir(), 'pikaia-history-'));
  const file = join(directory, 'delivered');
  const disruptions: Disruption[] = [];
  const counts: Record<string, number> = {};
  let database: TestDatabaseServer;
  let producers: FaultProducers;
  let workers: RelayProcess[] = [];
  let deployedTypes: readonly string[] = TYPES;

  beforeAll(async () => {
    database = await startDatabaseServer();
    await asOwner((owner) => owner.query(KEYS_TABLE));
    await registerSinks(database.workerUrl, [sink], 'spec');
    replaceDeadWorkers();
    await leader();
    producers = new FaultProducers(database.apiUrl, WRITERS, random);
  });

  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await database.drop();
    rmSync(directory, { recursive: true, force: true }); // only the folder from mkdtemp
  });

  const asOwner = <T>(work: (owner: pg.Client) => Promise<T>): Promise<T> => withConnection(database.ownerUrl, work);

  /** Replaces dead workers, as a process supervisor does. */
  function replaceDeadWorkers(): void {
    workers = workers.filter((worker) => worker.isRunning);
    const environment = {
      RELAY_TYPES: deployedTypes.join(','),
      RELAY_URL: database.workerUrl,
      RELAY_FILE: file,
      RELAY_SINK: sink.name,
      RELAY_LEADER_TIMEOUT_MS: String(LEADER_TIMEOUT_MS),
    };
    while (workers.length < WORKERS) workers.push(RelayProcess.start(environment));
  }

  const controlAll = (orders: RelayControl): void => workers.forEach((worker) => worker.control(orders));

  /** The process of the leader. */
  async function leader(): Promise<RelayProcess> {
    const sql = `select s.leader from outbox.outbox_sink s where exists (
      select from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database()))`;
    return pollUntil(
      async () => {
        const { rows } = await asOwner((owner) => owner.query<{ leader: string | null }>(sql));
        return workers.find(({ child }) => String(child.pid) === rows[0]?.leader)!;
      },
      (found) => found?.isRunning,
      WAIT_TIMEOUT_MS,
    );
  }

  /** Replaces the workers one after another by workers that handle these types. */
  async function deploy(types: readonly string[]): Promise<void> {
    deployedTypes = types;
    for (const worker of workers) {
      await worker.stop();
      replaceDeadWorkers();
      await leader();
      await pause(random() * 200);
    }
  }

  /** Kills a leader at a point. A leader that stops in order has nothing to store now and then, so another one is tried. */
  const killAt = (point: (typeof FAULT_POINTS)[number]) => async () => {
    for (let victim: RelayProcess | undefined; victim?.child.signalCode !== 'SIGKILL';) {
      replaceDeadWorkers();
      const leading = (victim = await leader());
      leading.control({ deadly: point, ...(point === 'on hand-over' && { stop: true }) });
      await pollUntil(() => !leading.isRunning, Boolean, WAIT_TIMEOUT_MS);
    }
  };

  const withSinkMode = (mode: RelayControl['mode']) => async () => {
    controlAll({ mode });
    await pause(FAULT_DURATION_MS);
    controlAll({ mode: 'accepting' });
  };

  const nemesis: Record<string, () => Promise<unknown>> = {
    ...Object.fromEntries(FAULT_POINTS.map((point) => [`killed ${point}`, killAt(point)])),
    'rolled back and deployed again': async () => {
      await deploy(TYPES.slice(0, 1)); // most aggregates stop: an older worker holds back the events of the other type
      await deploy(TYPES);
    },
    'stopped in order': async () => (await leader()).stop(),
    'frozen for longer than its lease': async () => {
      const frozen = await leader();
      frozen.signal('SIGSTOP');
      await pollUntil(async () => (await leader()) !== frozen, Boolean, WAIT_TIMEOUT_MS);
      frozen.signal('SIGCONT');
    },
    'reading connections terminated': () =>
      asOwner((owner) =>
        owner.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'pikaia-relay%'`),
      ),
    'PostgreSQL restarted': () => database.server.restart(),
    'PostgreSQL crashed': async () => {
      await database.server.kill();
      await database.server.start();
    },
    throttled: withSinkMode('throttled'),
    'partly refused': withSinkMode('partly'),
    'timed out after acceptance': withSinkMode('afterAcceptance'),
    'clocks set forward': async () => controlAll({ clockAhead: HOUR_MS }),
    'clocks set back': async () => controlAll({ clockAhead: -HOUR_MS }),
    'clocks apart': async () => workers.forEach((worker) => worker.control({ clockAhead: (random() - 0.5) * HOUR_MS })),
  };

  const delivered = (): DeliveredEvent[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1) // the last part is empty or an incomplete line
      .map((line) => JSON.parse(line) as DeliveredEvent);

  const flaws = (history = delivered()): RelayFlaws => {
    const { committed, rolledBack } = producers;
    return relayFlaws({ committed, rolledBack, delivered: history, disruptions, horizonMs: HORIZON_MS });
  };

  it('deliver exactly the committed events in the order of each key, with duplicates only around a fault', async () => {
    const startedAt = performance.now();
    do {
      for (const [what, strike] of shuffled(Object.entries(nemesis))) {
        const from = Date.now();
        await strike();
        replaceDeadWorkers();
        await leader();
        disruptions.push({ what, from, to: Date.now() + LEADER_TIMEOUT_MS }); // a former leader can still deliver until its timeout
        counts[what] = (counts[what] ?? 0) + 1;
        producers.slowed = flaws().lost.length > MAX_BACKLOG;
        await pause(random() * 200);
      }
    } while (performance.now() - startedAt < SECONDS * 1000);
    await asOwner((owner) => producers.finish(owner));
    await asOwner(async (owner) => {
      await owner.query(`update outbox.outbox_delivery set next_attempt_at = clock_timestamp() where status = 'retrying'`);
      // A new leader reads the times.
      await owner.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'pikaia-relay%'`);
    });
    await pollUntil(
      () => flaws().lost.length,
      (lost) => lost === 0,
      WAIT_TIMEOUT_MS,
    );
    const all = delivered();
    const [committed, rolledBack] = [producers.committed.size, producers.rolledBack.size];
    const faults = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const repeated = all.length - committed;
    reportProof('relay under faults', SEED, { committed, rolledBack, repeated, faults, lost: flaws().lost.length });
    expect(flaws()).toEqual(NO_RELAY_FLAWS);
    expect(all.length).toBeGreaterThan(producers.committed.size); // proves that the faults caused duplicates
    const unpublished = `select status from events_outboxevent where status <> 'published'`;
    await pollUntil(
      () => asOwner(async (owner) => (await owner.query(unpublished)).rowCount),
      (count) => count === 0,
      WAIT_TIMEOUT_MS,
    );
  });

  it('deliver each event once after the faults are over', async () => {
    await pause(HORIZON_MS + LEADER_TIMEOUT_MS); // until after the last fault
    const before = delivered().length;
    const more = new FaultProducers(database.apiUrl, WRITERS, random);
    await pollUntil(() => more.committed.size > 50, Boolean, WAIT_TIMEOUT_MS);
    await asOwner((owner) => more.finish(owner));
    await pollUntil(() => delivered().length - before >= more.committed.size, Boolean, WAIT_TIMEOUT_MS);
    for (const [id, produced] of more.committed) producers.committed.set(id, produced);
    for (const id of more.rolledBack) producers.rolledBack.add(id);
    expect(delivered()).toHaveLength(before + more.committed.size);
    expect(flaws()).toEqual(NO_RELAY_FLAWS);
  });

  it.each<[string, (history: DeliveredEvent[]) => DeliveredEvent[], keyof RelayFlaws]>([
    ['a missing event', (history) => history.filter(({ id }) => id !== history.at(-1)!.id), 'lost'],
    [
      'an event that was never written',
      (history) => [...history, { ...history.at(-1)!, id: 'ghost', number: 1e9 }],
      'neverWritten',
    ],
    [
      'an event that was rolled back',
      (history) => [...history, { ...history.at(-1)!, id: [...producers.rolledBack][0]!, number: 1e9 }],
      'afterRollback',
    ],
    [
      'two events of one key in the wrong order',
      (history) => {
        const last = history.at(-1)!;
        const earlier = history.findLast(({ key, id }) => key === last.key && id !== last.id)!;
        return history.map((event) => (event === last ? earlier : event === earlier ? last : event));
      },
      'outOfOrder',
    ],
    ['a duplicate without a fault', (history) => [...history, history.at(-1)!], 'duplicated'],
  ])('the check reports %s', (_, plant, flaw) => {
    expect(flaws(plant(delivered()))[flaw]).toHaveLength(1);
  });

  function shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((item) => ({ item, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item);
  }
});
