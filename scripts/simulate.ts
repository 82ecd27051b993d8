// npm run simulate -- --organizations 50 --seed 7: simulates a day of many organizations with faults, and reconciles what it left.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomInt } from 'node:crypto';
import { planDay, programText } from '../test/simulation/day.program.ts';
import { parseCommandLine, runScript, UsageError } from './start/command-line.ts';
import { root } from './start/folders.ts';
import { parseInteger } from './start/parse.ts';

const USAGE = `npm run simulate -- [--organizations 50] [--seed 7] [--minutes 10] [--program]

Simulates a day of many organizations on two apis and two workers, with faults, and then compares responses, rows, events, audit
entries, emails, receipts and logs. Exit status 1: something differs.

  --organizations  how many; default 50
  --seed           repeats the choices of a day, as far as timing allows; default random
  --minutes        simulates further days, with the seeds that follow, until the minutes are over
  --program        prints the steps and faults of the day, and runs nothing`;

await runScript(USAGE, async (args) => {
  const options = {
    organizations: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    minutes: { type: 'string', default: '0' },
    program: { type: 'boolean', default: false },
  } as const;
  const { values } = parseCommandLine({ args, options });
  const organizations = integerOf('organizations', values.organizations, 2);
  const seed = integerOf('seed', values.seed, 0);
  const minutes = integerOf('minutes', values.minutes, 0);
  if (values.program) {
    console.log(programText(planDay({ seed, organizations })));
    return 0;
  }
  const jest = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--experimental-vm-modules',
      'node_modules/jest/bin/jest.js',
      '--runInBand',
      '--reporters=<rootDir>/test/simulation/simulation.reporter.mjs',
      '--runTestsByPath',
      'test/simulation/simulation.spec.ts',
    ],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        PIKAIA_SIMULATION_ORGANIZATIONS: String(organizations),
        PIKAIA_SIMULATION_MINUTES: String(minutes),
        PIKAIA_PROOF_SEED: String(seed),
      },
    },
  );
  const [code] = (await once(jest, 'exit')) as [number | null];
  return code ?? 1;
});

function integerOf(name: string, text: string, least: number): number {
  const value = parseInteger(text);
  if (value === undefined || value < least) throw new UsageError(`--${name} must be an integer from ${least}, not "${text}".`);
  return value;
}
