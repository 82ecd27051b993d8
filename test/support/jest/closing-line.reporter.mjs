import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

/**
 * Prints `N passed, N failed` as the last line; a suite that could not run counts as one failure. If PIKAIA_TEST_RESULT names a file, writes
 * both numbers there, and for each spec file that failed how many of its tests passed.
 */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const passed = results.numPassedTests;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const path = process.env.PIKAIA_TEST_RESULT;
    if (path) {
      const failures = results.testResults.filter(({ numFailingTests, testExecError }) => numFailingTests || testExecError);
      const failedFiles = Object.fromEntries(
        failures.map(({ testFilePath, numPassingTests }) => [relative('.', testFilePath), numPassingTests]),
      );
      writeFileSync(path, JSON.stringify({ passed, failed, failedFiles }));
    }
    setImmediate(() => process.stdout.write(`\n${passed} passed, ${failed} failed\n`));
  }
}
