import { randomInt } from 'node:crypto';
import { reportProof } from '../support/random/proof.report.js';
import { planDay, programText } from './day.program.js';
import type { CheckResult } from './reconcile/check.js';
import { reconcile, reconciliationText } from './reconcile/reconciliation.js';
import { SimulatedSystem } from './simulated.system.js';
import { Simulation } from './simulation.js';

// `npm run simulate` sets these. It prints the progress and the whole result.
const { PIKAIA_SIMULATION_ORGANIZATIONS: ORGANIZATIONS, PIKAIA_SIMULATION_MINUTES: MINUTES = '0' } = process.env;
const IS_COMMAND = ORGANIZATIONS !== undefined;
const SEED = Number(process.env['PIKAIA_PROOF_SEED'] ?? randomInt(2 ** 31));
const SMALL_DAY = { organizations: 4, stepsEach: 24 };

jest.setTimeout((Number(MINUTES) + 30) * 60_000);

/** The simulation has printed the differences. */
class DifferencesFound extends Error {}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

let simulated: SimulatedSystem;
beforeAll(async () => {
  simulated = await SimulatedSystem.start();
});
afterAll(() => simulated.stop());

async function simulateDay(seed: number, size: { organizations: number; stepsEach?: number }): Promise<CheckResult[]> {
  const simulation = new Simulation(simulated, { seed, ...size }, IS_COMMAND ? (line) => print(`  ${line}`) : undefined);
  await simulation.run();
  const evidence = await simulation.collect();
  const results = reconcile(evidence);
  const differences = results.flatMap((result) => result.differences);
  if (IS_COMMAND || differences.length > 0) {
    const { day, quiet } = simulation.durations;
    print(`\nThe day took ${seconds(day)}, and the system was quiet after another ${seconds(quiet)}.\n`);
    print(reconciliationText(results));
  }
  if (!IS_COMMAND)
    reportProof('simulation', seed, {
      requests: evidence.calls.length,
      events: evidence.events.length,
      emails: evidence.emails.length,
      faults: simulation.program.faults.length,
      differences: differences.length,
    });
  return results;
}

async function expectNoDifferences(seed: number, size: { organizations: number; stepsEach?: number }): Promise<void> {
  const differences = (await simulateDay(seed, size)).flatMap((result) => result.differences);
  if (differences.length > 0) throw new DifferencesFound(`seed ${seed}:\n${differences.slice(0, 20).join('\n')}`);
}

if (IS_COMMAND) {
  it('the days leave no differences', async () => {
    const until = performance.now() + Number(MINUTES) * 60_000;
    const organizations = Number(ORGANIZATIONS);
    let seed = SEED;
    do {
      const { steps, faults } = planDay({ seed, organizations });
      print(`The day of ${organizations} organizations, seed ${seed}: ${steps.length} steps and ${faults.length} faults`);
      await expectNoDifferences(seed++, { organizations });
      print('');
    } while (performance.now() < until);
  });
} else {
  describe('a day of some organizations with faults', () => {
    it.each([SEED, SEED + 1, SEED + 2])('leaves no differences (seed %i)', (seed) => expectNoDifferences(seed, SMALL_DAY));

    it('has the same program for the same seed and size, and another one for another seed', () => {
      const program = (seed: number) => programText(planDay({ seed, organizations: 3 }));
      expect(program(7)).toBe(program(7));
      expect(program(8)).not.toBe(program(7));
      expect(program(7)).toContain('THE DATABASE CRASHES');
    });
  });
}
