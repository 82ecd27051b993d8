// npm start: starts the database, the api and the outbox worker, restarts them if they die, and stops them on Ctrl-C.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeVarDirectory, root } from './start/folders.ts';
import { describeError, PlainError } from './start/plain-error.ts';
import type { Ports } from './start/ports.ts';
import { takeStartLock } from './start/start.lock.ts';
import { System } from './start/system.ts';
import { readWeek } from './week/week.file.ts';

const startedAt = Date.now();
const print = (text: string) => process.stderr.write(`[start] ${text}\n`); // stdout is for the logs of api and worker
const stopping = new AbortController();
const stopped = new Promise((done) => stopping.signal.addEventListener('abort', done));

/** One Ctrl-C sends SIGINT twice, from npm and from the terminal, so the second is ignored. SIGHUP: the terminal was closed. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stopping.abort());

const release = await lockFolder();
const system = new System(process.env, print);
try {
  loadEnvironment();
  const ports = await system.up(stopping.signal, (error) => stopping.abort(error));
  process.stderr.write(readyText(ports, ((Date.now() - startedAt) / 1000).toFixed(1)));
  await stopped;
} catch (error) {
  stopping.abort(error);
}
const reason: unknown = stopping.signal.reason;
const failed = !(reason instanceof Error && reason.name === 'AbortError'); // AbortError: a signal requested the stop
await system.down();
release();
print(failed ? await describeError(reason) : 'stopped.'); // the last line of a failed start says what to do
process.exit(failed ? 1 : 0);

/** Takes the lock of this folder. Ends the process if another start holds it or the folder cannot be written. */
async function lockFolder(): Promise<() => void> {
  try {
    makeVarDirectory();
    const release = takeStartLock();
    if (release) return release;
    print('Pikaia is already running from this folder. Stop it with Ctrl-C in its terminal.');
  } catch (error) {
    print(await describeError(error));
  }
  process.exit(1);
}

function loadEnvironment(): void {
  const file = join(root, '.env');
  try {
    if (existsSync(file)) process.loadEnvFile(file);
  } catch (error) {
    throw new PlainError(`${file} cannot be read (${(error as Error).message}).`);
  }
}

/** Addresses, and commands to copy. */
function readyText({ api, worker }: Ports, seconds: string): string {
  return `
Pikaia is ready after ${seconds} s. Press Ctrl-C to stop it.

  console  http://127.0.0.1:${api}/console
  API      http://127.0.0.1:${api}/api/v1     health  http://127.0.0.1:${api}/health/ready
  API docs http://127.0.0.1:${api}/api/v1/docs
  worker   http://127.0.0.1:${worker}/health/ready
  emails   var/mail     logs  var/log     database  npm run -s db:url -- --role owner

To try it, open a second terminal in this folder. Alice, an admin of the organization acme, invites Frank:

  export TOKEN=$(npm run -s token -- --email alice@example.com | tail -1)
  export ID=$(node -p 'crypto.randomUUID()')

  curl -s http://127.0.0.1:${api}/api/v1/members/invitations \\
    -H "Authorization: Bearer $TOKEN" -H "X-Correlation-Id: $ID" -H 'Content-Type: application/json' \\
    -d '{"email":"frank@example.com","role":"member"}'

Show everything that this request caused, as a timeline and as JSON:

  npm run explain -- $ID
  curl -s http://127.0.0.1:${api}/api/v1/admin/correlations/$ID -H "Authorization: Bearer $TOKEN"
${weekText(api)}
`;
}

/** The requests of the seeded week, and the question that each answers. */
function weekText(api: number): string {
  const week = readWeek();
  if (week?.state !== 'complete') return '';
  const page = `http://127.0.0.1:${api}/console/c`;
  return `
Or ask the seeded week of acme and globex. Open a link and sign in as Alice, or run npm run explain -- <the id at its end>:

  Why did Carol's request fail?           ${page}/${week.refused}
  What did Alice do to Carol?             ${page}/${week.roleChange}
  Was Mona's welcome email sent?          ${page}/${week.failedDelivery}
${week.failedWebhook ? `  Did acme's webhook about Jonas arrive?  ${page}/${week.failedWebhook}\n` : ''}`;
}
