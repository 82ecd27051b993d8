import fc from 'fast-check';
import { randomInt } from 'node:crypto';
import { ProviderHistory, PEOPLE, type Outcome, type Step } from '../support/system/provider.history.js';
import { System } from '../support/system/system.js';
import { reportProof } from '../support/random/proof.report.js';

const SEED = Number(process.env['PIKAIA_PROOF_SEED'] ?? randomInt(2 ** 31));
const RUNS = Number(process.env['PIKAIA_RUNS'] ?? 12);
const TEST_TIMEOUT_MS = 240_000;

const person = fc.nat({ max: PEOPLE - 1 });
const role = fc.constantFrom('member' as const, 'admin' as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('provider adds' as const), person, role, pending: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('provider sets role' as const), person, role }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('provider removes' as const), person }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('provider reactivates' as const), person }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('provider changes something else' as const), person }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('provider renames' as const), name: fc.constantFrom('Acme', 'Acme 2') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('api renames' as const), name: fc.constantFrom('Acme', 'Acme 2') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('api invites' as const), person }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('api sets role' as const), person, role }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('api removes' as const), person }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('deliver' as const), which: fc.nat(), again: fc.boolean() }) },
);

describe('histories at the identity provider', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({ worker: false });
  }, TEST_TIMEOUT_MS);
  afterAll(() => system.stop());

  it(
    'end in the final state of the provider, with one event and one entry of each transition, in whatever order they are delivered',
    async () => {
      const figures = { notices: 0, deliveries: 0, apiChanges: 0, transitions: 0 };
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }),
          fc.array(fc.nat(), { minLength: 20, maxLength: 20 }),
          async (steps, order) => {
            const history = await ProviderHistory.start(system);
            for (const one of steps) await history.take(one);
            await history.deliverAll(order);
            const { here, there, flaws }: Outcome = await history.outcome();
            expect(here).toEqual(there);
            expect(flaws).toEqual([]);
            for (const [name, count] of Object.entries(history.figures)) figures[name as keyof typeof figures] += count;
          },
        ),
        { numRuns: RUNS, seed: SEED, endOnFailure: true },
      );
      reportProof('histories at the identity provider', SEED, figures);
    },
    TEST_TIMEOUT_MS,
  );
});
