/** The reporter of `npm run simulate`. The simulation prints its own results, so this prints only why a day could not be finished. */
export default class SimulationReporter {
  onTestFileResult(_test, { testResults, testExecError }) {
    const messages = testResults.flatMap(({ failureMessages }) => failureMessages);
    for (const message of testExecError ? [testExecError.stack, ...messages] : messages)
      if (!message.includes('DifferencesFound')) process.stderr.write(`${message}\n`);
  }
}
