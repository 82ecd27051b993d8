/** Prints `N passed, N failed` as the last line; a suite that could not run counts as one failure. */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    setImmediate(() => process.stdout.write(`\n${results.numPassedTests} passed, ${failed} failed\n`));
  }
}
