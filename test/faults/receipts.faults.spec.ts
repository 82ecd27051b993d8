import { IsOptional } from 'class-validator';
import { randomInt } from 'node:crypto';
import type pg from 'pg';
import { ClaimKeeper, type Claim } from '../../libs/events/src/consume/claim.keeper.js';
import { Consumer, Handles } from '../../libs/events/src/consume/consumer.decorator.js';
import { DomainEvent } from '../../libs/events/src/contract/domain-event.js';
import type { EventOf } from '../../libs/events/src/contract/envelope.js';
import { RelaySupervisor } from '../../libs/events/src/worker/relay.supervisor.js';
import { connect, withConnection } from '../support/database/database.js';
import { startDatabaseServer, type TestDatabaseServer } from '../support/database/database-server.js';
import { ConsumerProcess } from '../support/outbox/consumer.process.js';
import { insertEvent, statusOf } from '../support/outbox/events.js';
import { reportProof } from '../support/random/proof.report.js';
import { seededRandom } from '../support/random/seeded-random.js';
import { pollUntil } from '../support/time/wait-for.js';

// PIKAIA_PROOF_SECONDS sets the duration. PIKAIA_PROOF_SEED repeats the random choices of a run.
const SECONDS = Number(process.env['PIKAIA_PROOF_SECONDS'] ?? 0);
const SEED = Number(process.env['PIKAIA_PROOF_SEED'] ?? randomInt(2 ** 31));
const CLAIM_MS = 3_000;
const WORKERS = ['first', 'second'] as const;

jest.setTimeout((SECONDS + 300) * 1000);

@DomainEvent('flare.lit', { version: 1, aggregate: 'flare' })
class FlareLit {
  @IsOptional()
  colour?: string;
}

/** Records each effect, and then runs what the round does between the effect and the receipt. */
@Consumer('flare', { from: 'beginning' })
class Flare {
  readonly effects: string[] = [];
  afterEffect: (eventId: string) => Promise<void> = async () => undefined;

  @Handles(FlareLit, { effect: 'external', timeoutMs: 120_000 })
  async light({ event_id: id }: EventOf<FlareLit>): Promise<{ effects: number }> {
    this.effects.push(id);
    const effects = this.effectsOf(id);
    if (effects === 1) await this.afterEffect(id);
    return { effects };
  }

  effectsOf(id: string): number {
    return this.effects.filter((effect) => effect === id).length;
  }
}

/** What happens between the effect and the receipt of one event, besides a change of the leader. */
interface Round {
  /** The handler continues for this many milliseconds after its effect. */
  readonly handlerMs: number;
  /** The session that writes the receipt is terminated while it does so. */
  readonly terminatesWriter: boolean;
  readonly restart?: 'before the receipt' | 'while the receipt is late';
}

const LONG_HANDLER: Round = { handlerMs: 2.5 * CLAIM_MS, terminatesWriter: false };
const TERMINATED_WRITER: Round = { handlerMs: 0, terminatesWriter: true };
const ROUNDS: readonly Round[] = [
  LONG_HANDLER,
  TERMINATED_WRITER,
  { ...TERMINATED_WRITER, restart: 'while the receipt is late' },
  { ...LONG_HANDLER, restart: 'before the receipt' },
  { handlerMs: 2.5 * CLAIM_MS, terminatesWriter: true, restart: 'before the receipt' },
];

/** Two workers with one consumer. No process dies. */
describe(`an external effect and its receipt under faults (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  const flare = new Flare();
  let database: TestDatabaseServer;
  let processes: ConsumerProcess[];
  let relays: RelaySupervisor[];

  beforeAll(async () => {
    database = await startDatabaseServer();
    processes = await Promise.all(
      WORKERS.map((name) =>
        ConsumerProcess.start(database.workerUrl, flare, { claimMs: CLAIM_MS, applicationName: `pool ${name}` }),
      ),
    );
    relays = processes.map(
      ({ sink }, index) =>
        new RelaySupervisor([sink], {
          url: database.workerUrl,
          worker: WORKERS[index]!,
          pollIntervalMs: 100,
          storeIntervalMs: 20,
          leaderTimeoutMs: 5_000,
        }),
    );
    for (const relay of relays) await relay.start();
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  afterAll(async () => {
    await Promise.all(relays.map((relay) => relay.stop(0)));
    await Promise.all(processes.map((process) => process.stop()));
    await database.drop();
  });

  const asOwner = <T>(work: (owner: pg.Client) => Promise<T>): Promise<T> => withConnection(database.ownerUrl, work);

  /** The worker that leads the sink, and the session that holds its lock. */
  async function leader(): Promise<{ readonly worker: string; readonly pid: number } | undefined> {
    const sql = `select s.leader as worker, l.pid from outbox.outbox_sink s, pg_locks l
      where s.name = 'local/flare' and l.locktype = 'advisory' and l.granted`;
    return asOwner(async (owner) => (await owner.query<{ worker: string; pid: number }>(sql)).rows[0]);
  }

  /** Terminates the sessions of the leader until the other worker leads. */
  async function changeLeader(): Promise<void> {
    const before = (await pollUntil(leader))!.worker;
    await pollUntil(async () => {
      const current = await leader();
      if (current?.worker === before) await asOwner((owner) => owner.query('select pg_terminate_backend($1)', [current.pid]));
      return current && current.worker !== before;
    });
  }

  /** Locks the receipt. @returns a function that terminates the session that writes it, and releases the lock. */
  async function lockReceipt(eventId: string): Promise<() => Promise<void>> {
    const locker = await connect(database.ownerUrl);
    await locker.query('begin');
    await locker.query('select from outbox.consumer_receipt where event_id = $1 for update', [eventId]);
    const sql = `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'pool %'
      and wait_event_type = 'Lock' and query like '%consumer_receipt%'`;
    return async () => {
      await pollUntil(() => asOwner(async (owner) => (await owner.query(sql)).rowCount));
      await changeLeader();
      await locker.end();
    };
  }

  /** Publishes an event and disturbs its delivery. @returns the number of its effects. */
  async function run({ handlerMs, terminatesWriter, restart }: Round): Promise<number> {
    let afterwards: Promise<void> = Promise.resolve();
    flare.afterEffect = async (eventId) => {
      await changeLeader();
      if (restart === 'before the receipt') await database.server.restart();
      const end = performance.now() + handlerMs;
      await pollUntil(() => performance.now() > end || flare.effectsOf(eventId) > 1);
      if (!terminatesWriter) return;
      const terminateWriter = await lockReceipt(eventId);
      afterwards = (async () => {
        await terminateWriter();
        if (restart === 'while the receipt is late') await database.server.restart();
      })();
    };
    const { id } = await asOwner((owner) => insertEvent(owner, { type: 'flare.lit', aggregate: String(random()) }));
    await pollUntil(() => flare.effectsOf(id));
    await pollUntil(
      async () => {
        await afterwards;
        return asOwner((owner) => statusOf(owner, id)).catch(() => undefined); // the server restarts
      },
      (status) => status?.status === 'published',
      90_000,
    );
    return flare.effectsOf(id);
  }

  const randomRound = (): Round => {
    const restart = [undefined, 'before the receipt', 'while the receipt is late'] as const;
    return {
      handlerMs: random() * 2 * CLAIM_MS,
      terminatesWriter: random() < 0.5,
      restart: restart[Math.floor(random() * restart.length)],
    } as Round;
  };

  it('happens once in every round, although sessions are terminated, the leader changes and PostgreSQL restarts', async () => {
    const end = performance.now() + SECONDS * 1000;
    let rounds = 0;
    for (const round of ROUNDS) expect([round, await run(round), ++rounds]).toEqual([round, 1, rounds]);
    while (performance.now() < end) {
      const round = randomRound();
      expect([round, await run(round), ++rounds]).toEqual([round, 1, rounds]);
    }
    const { rowCount } = await asOwner((owner) => owner.query(`select from outbox.consumer_receipt where state = 'done'`));
    expect([rowCount, flare.effects.length]).toEqual([rounds, rounds]);
    reportProof('receipts under faults', SEED, { rounds });
  });

  type Keeper = { renew(): Promise<void>; endLater(claim: Claim): Promise<void>; forget(claim: Claim): void };
  const keeper = ClaimKeeper.prototype as unknown as Keeper;

  it('would happen twice if a claim were not renewed (planted)', async () => {
    jest.spyOn(keeper, 'renew').mockResolvedValue();
    expect(await run(LONG_HANDLER)).toBe(2);
  });

  it('would happen twice if a receipt were given up after its first error (planted)', async () => {
    jest.spyOn(keeper, 'endLater').mockImplementation(function (this: Keeper, claim) {
      this.forget(claim);
      return Promise.reject(new Error('given up'));
    });
    expect(await run(TERMINATED_WRITER)).toBe(2);
  });
});
