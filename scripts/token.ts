// npm run token -- --email alice@example.com: prints a session token of that user as the last line of stdout.
import { issueSession } from './explain/viewer.ts';
import { parseCommandLine, runScript, UsageError } from './start/command-line.ts';
import { runningOrExit } from './start/running.file.ts';

const USAGE = `npm run token -- --email alice@example.com

Prints a session token of that user of the running development system, as the last line.`;

await runScript(USAGE, async (args) => {
  const { email } = parseCommandLine({ args, options: { email: { type: 'string' } } }).values;
  if (!email) throw new UsageError('Give the email address of a user.');
  console.log(await issueSession(runningOrExit().databaseUrls.owner, email));
  return 0;
});
