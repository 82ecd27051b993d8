// npm run explain -- <correlation id>: what one request left behind, as a timeline. Of the system that runs in this
// folder, or of another one by --url and a session (--token, or PIKAIA_TOKEN, which other users of the machine cannot see).
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { terminalOf } from './explain/terminal.mjs';
import { timelineText } from './explain/timeline.text.mjs';
import { findViewer, sessionOf } from './explain/viewer.mjs';
import { varDirectory } from './start/folders.mjs';
import { PlainError, plainly } from './start/plain-error.mjs';
import { runningOrExit } from './start/running-or-exit.mjs';

const USAGE = `Which request? Give its correlation id, the X-Correlation-Id of the answer:

  npm run explain -- 5f0c6d1e-9d4b-4c1a-8f53-2a1b3c4d5e6f [--json] [--email <whose view>] [--url <api> --token <session>]`;
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
const PATIENCE_MS = 10_000;

const { id, options } = readArguments();
try {
  const { url, token, seenAs } = options.url ? remote(options) : await local(options, id);
  const trail = await fetchTrail(url, token, id);
  if (options.json) console.log(JSON.stringify(trail.entries, null, 2));
  else if (!trail.entries.length)
    throw new PlainError(
      `Nothing is known of ${id}, or nothing that this session may see. Is it the id of a request to this system?`,
    );
  else console.log(timelineText(trail, { seenAs, relative: nearPath, letterOf }, terminalOf(process.stdout)));
  if (!trail.entries.length) process.exitCode = 1;
} catch (error) {
  console.error(await plainly(error));
  process.exitCode = 1;
}

function readArguments() {
  try {
    const text = { type: 'string' };
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { json: { type: 'boolean' }, email: text, url: text, token: text },
    });
    if (positionals.length === 1 && UUID.test(positionals[0])) return { id: positionals[0].toLowerCase(), options: values };
    if (positionals.length) console.error(`${JSON.stringify(positionals.join(' '))} is no correlation id: those are UUIDs.\n`);
  } catch (error) {
    console.error(`${error.message}\n`);
  }
  console.error(USAGE);
  process.exit(1);
}

function remote({ url, token = process.env.PIKAIA_TOKEN }) {
  if (!token) throw new PlainError('--url needs a session as well: --token, or PIKAIA_TOKEN in the environment.');
  return { url, token };
}

async function local({ email }, id) {
  const { ports, databaseUrls } = runningOrExit();
  const viewer = email ? { email, seenAs: `Seen as ${email}.` } : await findViewer(databaseUrls.owner, id);
  if (!viewer) throw new PlainError('There is no admin and no operator whose session could be used: name somebody with --email.');
  const token = await sessionOf(databaseUrls.owner, viewer.email);
  return { url: `http://127.0.0.1:${ports.api}`, token, seenAs: viewer.seenAs };
}

async function fetchTrail(url, token, id) {
  const address = new URL(`/api/v1/admin/correlations/${id}`, url);
  let answer;
  try {
    answer = await fetch(address, { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (error) {
    throw new PlainError(`${address.origin} does not answer (${error.cause?.message || error.message}).`);
  }
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  throw new PlainError(`${address.origin} answered ${answer.status}: ${body.detail ?? body.title ?? 'no reason was given'}`);
}

function nearPath(path) {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}

function letterOf(eventId) {
  const file = join(varDirectory, 'mail', `${eventId}.eml`);
  return existsSync(file) ? nearPath(file) : undefined;
}
