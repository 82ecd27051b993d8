// Runs the tests with the command of the README. If no more than three spec files fail, it runs these once more, alone, and the second
// result counts: two slow cores are shared by two test workers, each with servers and browsers. A fault that is rare can pass the second
// time too, so the files are named at the end: look for the reason.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAX_REPEATED = 3;

/** @returns the result that test/support/jest/closing-line.reporter.mjs writes; undefined if no test was run, for example without a build. */
function runTests(...options) {
  const folder = mkdtempSync(join(tmpdir(), 'pikaia-tests-'));
  const path = join(folder, 'result.json');
  try {
    const command = ['test', ...(options.length ? ['--', ...options] : [])];
    const { status } = spawnSync('npm', command, { stdio: 'inherit', env: { ...process.env, PIKAIA_TEST_RESULT: path } });
    return { succeeded: status === 0, ...JSON.parse(readFileSync(path, 'utf8')) };
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runTwice() {
  const first = runTests();
  if (!first || first.succeeded) return first;
  const files = Object.keys(first.failedFiles);
  if (files.length === 0 || files.length > MAX_REPEATED) return first;
  process.stdout.write(`\n== Once more, alone: ${files.join(' ')}\n`);
  const second = runTests('--runInBand', '--runTestsByPath', ...files);
  if (!second) return first;
  const passedBefore = Object.values(first.failedFiles).reduce((sum, passed) => sum + passed, 0);
  for (const file of files.filter((path) => !(path in second.failedFiles))) {
    process.stdout.write(`\nFailed beside other tests and passed alone: ${file}`);
  }
  return { ...second, passed: first.passed - passedBefore + second.passed };
}

const result = runTwice();
if (result) process.stdout.write(`\n${result.passed} passed, ${result.failed} failed\n`);
process.exitCode = result?.succeeded ? 0 : 1;
