import fc from 'fast-check';
import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  consumerFlaws,
  NO_CONSUMER_FLAWS,
  type ConsumerFlaws,
  type ConsumerHistory,
} from '../support/outbox/consumer.history.js';
import {
  CONSUMERS,
  CRASH_POINTS,
  CrateSystem,
  type Code,
  type ConsumerName,
  type CrashPoint,
  type Publication,
} from '../support/outbox/crate.system.js';
import { reportProof } from '../support/random/proof.report.js';

// PIKAIA_PROOF_SECONDS or PIKAIA_RUNS sets the duration. PIKAIA_PROOF_SEED repeats the random choices of a run.
const SECONDS = Number(process.env['PIKAIA_PROOF_SECONDS'] ?? 0);
const SEED = Number(process.env['PIKAIA_PROOF_SEED'] ?? randomInt(2 ** 31));
const RUNS = Number(process.env['PIKAIA_RUNS'] ?? 2);

jest.setTimeout((SECONDS + 300) * 1000);

type Step =
  | ({ readonly do: 'publish' } & Publication)
  | { readonly do: 'replay'; readonly consumer: ConsumerName }
  | { readonly do: 'crash'; readonly worker: number; readonly point: CrashPoint }
  | { readonly do: 'deploy'; readonly codes: readonly Code[] }
  | { readonly do: 'heal' }
  | { readonly do: 'wait'; readonly ms: number };

const publication = fc.record({
  do: fc.constant('publish' as const),
  key: fc.nat({ max: 3 }),
  what: fc.constantFrom('moved v1', 'moved v2', 'opened'),
  fails: fc.oneof(
    { weight: 4, arbitrary: fc.constant(null) },
    {
      weight: 1,
      arbitrary: fc.record({ consumer: fc.constantFrom(...CONSUMERS), how: fc.constantFrom('once', 'until healed') }),
    },
  ),
  rollsBack: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
});
const code = fc.constantFrom('old', 'new');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: publication },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('replay' as const), consumer: fc.constantFrom(...CONSUMERS) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      worker: fc.nat({ max: 1 }),
      point: fc.constantFrom(...CRASH_POINTS),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('deploy' as const), codes: fc.tuple(code, code) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'heal' as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 300 }) }) },
);
const program = fc.array(step, { minLength: 20, maxLength: 50, size: 'max' });

async function take(system: CrateSystem, action: Step): Promise<void> {
  switch (action.do) {
    case 'publish':
      return system.publish(action);
    case 'replay':
      return system.replay(action.consumer, 'published');
    case 'crash':
      return system.crash(action.worker, action.point);
    case 'deploy':
      return system.deploy(action.codes);
    case 'heal':
      return system.heal();
    case 'wait':
      await pause(action.ms);
      return system.restartDead();
  }
}

describe(`two workers of old and new code with three consumers (seed ${SEED})`, () => {
  const system = new CrateSystem();
  const counts: Record<string, number> = {};
  let runs = 0;

  beforeAll(() => system.open());
  afterAll(() => system.close());

  it('handle each event at least once, in the database exactly once, in order and in a version that they know', async () => {
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        system.begin(++runs);
        for (const action of steps) {
          await take(system, action);
          counts[action.do] = (counts[action.do] ?? 0) + 1;
        }
        await system.drain();
        expect(consumerFlaws(await system.history())).toEqual(NO_CONSUMER_FLAWS);
        const { sent, effects } = await system.replayCounts();
        expect(effects).toBe(sent);
      }),
      {
        numRuns: SECONDS ? Infinity : RUNS,
        ...(SECONDS && { interruptAfterTimeLimit: SECONDS * 1000 }),
        seed: SEED,
        endOnFailure: true, // a run takes too long to shrink it
      },
    );
    const { effects, killed } = await system.history();
    const upcast = effects.filter(({ readVersion, storedVersion }) => readVersion !== storedVersion).length;
    reportProof('consumers of several versions', SEED, { runs, ...counts, effects: effects.length, upcast, killed: killed.size });
  });

  it.each<[string, (history: ConsumerHistory) => Partial<ConsumerHistory>, keyof ConsumerFlaws]>([
    ['an event that a consumer passed over', ({ effects }) => ({ effects: without(effects, 0) }), 'passedOver'],
    ['a database effect that happened twice', ({ effects }) => ({ effects: [...effects, effects[0]!] }), 'repeated'],
    [
      'an external effect that happened twice without a kill',
      ({ effects }) => {
        const last = effects.findLast(({ consumer }) => consumer === 'courier')!;
        return { effects: [...effects, last], killed: new Set() };
      },
      'repeated',
    ],
    [
      'an event that nobody published',
      ({ effects }) => ({ effects: [...effects, { ...effects[0]!, eventId: 'ghost', number: 1e9 }] }),
      'neverWritten',
    ],
    [
      'an event of a transaction that was rolled back',
      ({ effects, rolledBack }) => ({
        effects: [...effects, { ...effects[0]!, eventId: 'gone', number: 1e9 }],
        rolledBack: new Set([...rolledBack, 'gone']),
      }),
      'afterRollback',
    ],
    [
      'events of a key in the wrong order',
      ({ effects }) => ({ effects: [{ ...effects[0]!, eventId: 'late', number: 1e9 }, ...effects] }),
      'outOfOrder',
    ],
    ['data of another version', ({ effects }) => ({ effects: changed(effects, { readVersion: 3 }) }), 'misread'],
    ['data that was not published', ({ effects }) => ({ effects: changed(effects, { place: 'elsewhere' }) }), 'misread'],
  ])('the check reports %s', async (_, plant, flaw) => {
    const history = await system.history();
    expect(consumerFlaws({ ...history, ...plant(history) })[flaw].length).toBeGreaterThan(0);
  });

  const without = <T>(list: readonly T[], index: number): T[] => list.filter((_, at) => at !== index);
  const changed = <T>([first, ...rest]: readonly T[], change: Partial<T>): T[] => [{ ...first!, ...change }, ...rest];
});

it('workers that pass the versions that they do not know lose events (planted)', async () => {
  const system = new CrateSystem('passes unknown versions');
  await system.open();
  try {
    await system.publish({ key: 0, what: 'moved v2', fails: null, rollsBack: false });
    await system.publish({ key: 0, what: 'moved v1', fails: null, rollsBack: false });
    await system.waitForEffects(3); // version 1 has passed version 2 at each consumer
    await system.drain();
    expect(consumerFlaws(await system.history()).passedOver).toHaveLength(3);
  } finally {
    await system.close();
  }
});
