// npm run test:soak -- --minutes 30 --seed 7: runs the property and fault specs one after another for the given time.
// Each spec prints its seed and a summary. The same seed makes the same random choices, as far as timing allows.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { root } from './start/folders.ts';
import { parseInteger } from './start/parse.ts';

const SPECS = [
  'libs/events/src/leader/outbox.proof.spec.ts',
  'test/faults/relay.faults.spec.ts',
  'test/faults/eventbridge.faults.spec.ts',
  'test/faults/receipts.faults.spec.ts',
  'test/faults/transactions.property.spec.ts',
  'test/faults/versions.property.spec.ts',
  'test/faults/idempotency.property.spec.ts',
];
const DECIMAL = /^(?:0|[1-9]\d*)(?:\.\d+)?$/; // minutes can be a fraction
const USAGE = 'npm run test:soak -- [--minutes 10] [--seed 7]';

function readArguments(): { seconds: number; seed: number } {
  const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } });
  const minutes = DECIMAL.test(values.minutes ?? '10') ? Number(values.minutes ?? 10) : 0;
  const seed = values.seed === undefined ? randomInt(2 ** 31) : parseInteger(values.seed);
  if (!(minutes > 0)) throw new Error(`--minutes must be a positive number in decimal digits, not "${values.minutes}".`);
  if (seed === undefined) throw new Error(`--seed must be an integer from 0 in decimal digits, not "${values.seed}".`);
  return { seconds: (minutes * 60) / SPECS.length, seed };
}

try {
  const { seconds, seed } = readArguments();
  console.log(`Running ${SPECS.length} specs for ${Math.round(seconds)} seconds each, with seed ${seed}`);
  const jest = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--experimental-vm-modules',
      'node_modules/jest/bin/jest.js',
      '--runInBand',
      '--runTestsByPath',
      ...SPECS,
    ],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, PIKAIA_PROOF_SECONDS: String(seconds), PIKAIA_PROOF_SEED: String(seed) },
    },
  );
  jest.once('exit', (code) => (process.exitCode = code ?? 1));
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 2;
}
