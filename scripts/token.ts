// npm run token -- --email alice@example.com: prints a session token of that user as the last line of stdout.
import { parseArgs } from 'node:util';
import { issueSession } from './explain/viewer.ts';
import { describeError } from './start/plain-error.ts';
import { runningOrExit } from './start/running.file.ts';

const { values } = parseArgs({ options: { email: { type: 'string' } } });
if (!values.email) {
  console.error('Give the email address of a user: npm run token -- --email alice@example.com');
  process.exit(1);
}
const { databaseUrls } = runningOrExit();
try {
  console.log(await issueSession(databaseUrls.owner, values.email));
} catch (error) {
  console.error(await describeError(error));
  process.exitCode = 1;
}
