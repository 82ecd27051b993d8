// npm start: starts the database, the api and the outbox worker, restarts them if they die, and stops them on Ctrl-C.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeVarDirectory, root } from './start/folders.mjs';
import { describeError } from './start/plain-error.mjs';
import { sessionText } from './start/session.text.mjs';
import { takeStartLock } from './start/start.lock.mjs';
import { System } from './start/system.mjs';

const startedAt = Date.now();
const print = (text) => process.stderr.write(`[start] ${text}\n`); // stdout is for the logs of api and worker
const stopping = new AbortController();
const stopped = new Promise((done) => stopping.signal.addEventListener('abort', done));

/** One Ctrl-C sends SIGINT twice, from npm and from the terminal, so the second is ignored. SIGHUP: the terminal was closed. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stopping.abort());

makeVarDirectory();
const release = takeStartLock();
if (!release) {
  print('Pikaia is already running from this folder. Stop it with Ctrl-C in its terminal.');
  process.exit(1);
}
if (existsSync(join(root, '.env'))) process.loadEnvFile(join(root, '.env'));
const system = new System(process.env, print);
try {
  const ports = await system.up(stopping.signal, (error) => stopping.abort(error));
  process.stderr.write(sessionText({ ports, seconds: ((Date.now() - startedAt) / 1000).toFixed(1) }));
  await stopped;
} catch (error) {
  stopping.abort(error);
}
const { reason } = stopping.signal;
const failed = reason.name !== 'AbortError'; // AbortError: a signal requested the stop
if (failed) print(await describeError(reason));
print('stopping: waiting for api and outbox-worker to finish their work, then stopping the database …');
await system.down();
release();
print('stopped.');
process.exit(failed ? 1 : 0);
