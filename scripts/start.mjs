// npm start: brings database, api and outbox-worker up, keeps them running, and takes them down again.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeVarDirectory, root } from './start/folders.mjs';
import { plainly } from './start/plain-error.mjs';
import { sessionText } from './start/session.text.mjs';
import { takeStartLock } from './start/start.lock.mjs';
import { System } from './start/system.mjs';

const startedAt = Date.now();
const say = (text) => process.stderr.write(`[start] ${text}\n`); // standard output belongs to api and worker
const stopping = new AbortController();
const stopped = new Promise((done) => stopping.signal.addEventListener('abort', done));

/** npm and the terminal both send SIGINT: the second is no wish for haste. Closing the terminal stops as well. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stopping.abort());

makeVarDirectory();
const release = takeStartLock();
if (!release) {
  say('Pikaia is already running from this folder. Stop it with Ctrl-C where it runs.');
  process.exit(1);
}
if (existsSync(join(root, '.env'))) process.loadEnvFile(join(root, '.env'));
const system = new System(process.env, say);
try {
  const ports = await system.up(stopping.signal, (error) => stopping.abort(error));
  process.stderr.write(sessionText({ ports, seconds: ((Date.now() - startedAt) / 1000).toFixed(1) }));
  await stopped;
} catch (error) {
  stopping.abort(error);
}
const { reason } = stopping.signal;
const failed = reason.name !== 'AbortError'; // which a signal leaves
if (failed) say(await plainly(reason));
say('stopping: api and outbox-worker finish what is in hand, then the database …');
await system.down();
release();
say('stopped.');
process.exit(failed ? 1 : 0);
