// npm run token -- --email alice@example.com: prints a session token of that user as the last line of stdout.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { varDirectory } from './start/folders.ts';
import { describeError } from './start/plain-error.ts';
import { runningOrExit } from './start/running.file.ts';

const { values } = parseArgs({ options: { email: { type: 'string' } } });
if (!values.email) {
  console.error('Give the email address of a user: npm run token -- --email alice@example.com');
  process.exit(1);
}
const { databaseUrls } = runningOrExit();
const { issueDevelopmentToken } = await import('../apps/api/dist/authentication/development-issuer.js');
try {
  const token = await issueDevelopmentToken({
    email: values.email,
    keysDirectory: join(varDirectory, 'keys'),
    databaseUrl: databaseUrls.owner,
  });
  console.log(token);
} catch (error) {
  console.error(await describeError(error));
  process.exitCode = 1;
}
