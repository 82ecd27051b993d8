// npm run test:soak -- --minutes 30 --seed 7: the property and fault specs of npm test, one after another, for as long as is
// asked. Each prints its seed, and what it has seen; a seed repeats the choices of a run, as far as time allows.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROOFS = [
  'libs/events/src/leader/outbox.proof.spec.ts',
  'test/faults/relay.faults.spec.ts',
  'test/faults/eventbridge.faults.spec.ts',
  'test/faults/transactions.property.spec.ts',
];
const USAGE = 'npm run test:soak -- [--minutes 10] [--seed 7]';

function readArguments() {
  const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } });
  const minutes = Number(values.minutes ?? 10);
  const seed = Number(values.seed ?? randomInt(2 ** 31));
  if (!(minutes > 0)) throw new Error(`--minutes ${values.minutes} is no time.`);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`--seed ${values.seed} is no whole number from 0 on.`);
  return { seconds: (minutes * 60) / PROOFS.length, seed };
}

try {
  const { seconds, seed } = readArguments();
  console.log(`${PROOFS.length} proofs of ${Math.round(seconds)} seconds each, seed ${seed}`);
  const jest = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--experimental-vm-modules',
      'node_modules/jest/bin/jest.js',
      '--runInBand',
      '--runTestsByPath',
      ...PROOFS,
    ],
    {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, PIKAIA_PROOF_SECONDS: String(seconds), PIKAIA_PROOF_SEED: String(seed) },
    },
  );
  jest.once('exit', (code) => (process.exitCode = code ?? 1));
} catch (error) {
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
