// npm run token -- --email alice@example.com: prints a session token of that user as the last line of stdout.
import { join } from 'node:path';
import { issueSession } from './explain/viewer.ts';
import { parseCommandLine, runScript, UsageError } from './start/command-line.ts';
import { varDirectory } from './start/folders.ts';
import { PlainError } from './start/plain-error.ts';
import { runningOrExit } from './start/running.file.ts';
import { newestInvitation } from './token/newest-invitation.ts';

const USAGE = `npm run token -- --email alice@example.com [--organization acme | --new-organization | --invitation]

Prints a session token of that user of the running development system, as the last line. An invited person gets a session of the
organization of the invitation.

  --invitation        prints the token of the newest invitation email to that address instead
  --organization      the slug of the organization, for a person with several
  --new-organization  a session of an organization that does not exist here yet: create it with POST /organizations`;

await runScript(USAGE, async (args) => {
  const options = {
    email: { type: 'string' },
    organization: { type: 'string' },
    'new-organization': { type: 'boolean' },
    invitation: { type: 'boolean' },
  } as const;
  const { email, organization, 'new-organization': newOrganization, invitation } = parseCommandLine({ args, options }).values;
  if (!email) throw new UsageError('Give the email address of a user.');
  if ([organization, newOrganization, invitation].filter(Boolean).length > 1)
    throw new UsageError('Give only one of --organization, --new-organization and --invitation.');
  if (invitation) {
    const token = newestInvitation(join(varDirectory, 'mail'), email);
    if (token === undefined)
      throw new PlainError(`No email in var/mail invites ${email}. The worker writes it after the request.`);
    console.log(token);
    return 0;
  }
  console.log(
    await issueSession(runningOrExit().databaseUrls.owner, {
      email,
      ...(organization && { organization }),
      ...(newOrganization && { newOrganization }),
    }),
  );
  return 0;
});
