// npm run explain -- <correlation id>: prints everything that one request caused, as a timeline.
// It reads the system that runs in this folder. For another system, give --url and a session token: --token, or
// PIKAIA_TOKEN, which other users of the machine cannot see.
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { terminalOf } from './explain/terminal.ts';
import { timelineText, truncatedText } from './explain/timeline.text.ts';
import type { Trail } from './explain/trail.ts';
import { findViewer, issueSession, type Viewer } from './explain/viewer.ts';
import { givenSession, requestJson, type ConnectionOptions, type Session } from './outbox/api.client.ts';
import { parseCommandLine, runScript, UsageError } from './start/command-line.ts';
import { varDirectory } from './start/folders.ts';
import { parseId } from './start/parse.ts';
import { PlainError } from './start/plain-error.ts';
import { runningOrExit } from './start/running.file.ts';

const USAGE = `Give the correlation ID of a request. It is in the X-Correlation-Id header of the response:

  npm run explain -- 5f0c6d1e-9d4b-4c1a-8f53-2a1b3c4d5e6f [--json] [--email <user>] [--url <api> --token <session token>]

--email reads the trail as that user. --json prints the raw entries. --url reads the trail of another system.`;
const REQUEST_TIMEOUT_MS = 10_000;

await runScript(USAGE, async (args) => {
  const { id, options } = readArguments(args);
  const { session, seenAs } = options.url
    ? { session: givenSession(options.url, options.token) }
    : await localSession(options, id);
  const trail = await fetchTrail(session, id);
  if (options.json) {
    console.log(JSON.stringify(trail.entries, null, 2));
    for (const kind of trail.truncated ?? []) console.error(truncatedText(kind));
  } else if (!trail.entries.length)
    throw new PlainError(
      `No entries found for ${id}. Either this system did not handle that request, or this session may not see its entries.`,
    );
  else console.log(timelineText(trail, { seenAs, relativePath, emailFileOf }, terminalOf(process.stdout)));
  return trail.entries.length ? 0 : 1;
});

function readArguments(args: string[]): { id: string; options: ConnectionOptions & { json?: boolean } } {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseCommandLine({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean' }, email: text, url: text, token: text },
  });
  const id = parseId(positionals[0] ?? '');
  if (positionals.length === 1 && id !== undefined) return { id, options: values };
  throw new UsageError(
    positionals.length
      ? `${JSON.stringify(positionals.join(' '))} is not a correlation ID (a UUID).`
      : 'The correlation ID is missing.',
  );
}

async function localSession({ email }: ConnectionOptions, id: string): Promise<{ session: Session; seenAs: string }> {
  const { ports, databaseUrls } = runningOrExit();
  const viewer: Viewer | undefined = email ? { email, seenAs: `Seen as ${email}.` } : await findViewer(databaseUrls.owner, id);
  if (!viewer) throw new PlainError('Found no admin and no operator who could read this trail. Give a user with --email.');
  const token = await issueSession(databaseUrls.owner, viewer);
  return { session: { url: `http://127.0.0.1:${ports.api}`, token }, seenAs: viewer.seenAs };
}

async function fetchTrail(session: Session, id: string): Promise<Trail> {
  const response = await requestJson<Trail>(session, `correlations/${id}`, REQUEST_TIMEOUT_MS);
  if (response.ok) return response.body;
  throw new PlainError(`${new URL(session.url).origin} answered ${response.status}: ${response.reason}`);
}

function relativePath(path: string): string {
  const shortened = relative(process.cwd(), path);
  return shortened.startsWith('..') ? path : shortened;
}

function emailFileOf(eventId: string): string | undefined {
  const file = join(varDirectory, 'mail', `${eventId}.eml`);
  return existsSync(file) ? relativePath(file) : undefined;
}
