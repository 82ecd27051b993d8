// npm run token -- --email alice@example.com: prints a session token of that user as the last line of stdout.
import { issueSession } from './explain/viewer.ts';
import { parseCommandLine, runScript, UsageError } from './start/command-line.ts';
import { runningOrExit } from './start/running.file.ts';

const USAGE = `npm run token -- --email alice@example.com [--organization acme | --new-organization]

Prints a session token of that user of the running development system, as the last line. An invited person gets a session of the
organization of the invitation.

  --organization      the slug of the organization, for a person with several
  --new-organization  a session of an organization that does not exist here yet: create it with POST /organizations`;

await runScript(USAGE, async (args) => {
  const options = {
    email: { type: 'string' },
    organization: { type: 'string' },
    'new-organization': { type: 'boolean' },
  } as const;
  const { email, organization, 'new-organization': newOrganization } = parseCommandLine({ args, options }).values;
  if (!email) throw new UsageError('Give the email address of a user.');
  if (organization && newOrganization) throw new UsageError('Give either --organization or --new-organization.');
  console.log(
    await issueSession(runningOrExit().databaseUrls.owner, {
      email,
      ...(organization && { organization }),
      ...(newOrganization && { newOrganization }),
    }),
  );
  return 0;
});
