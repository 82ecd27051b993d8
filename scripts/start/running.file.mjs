import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { varDirectory } from './folders.mjs';
import { isStartRunning } from './start.lock.mjs';

const PATH = join(varDirectory, 'running.json');

/** What scripts need to know of the running system: `{ pid, ports: { api, worker }, databaseUrls: { owner, api, worker } }`. Holds passwords. */
export function writeRunning(running) {
  writeFileSync(`${PATH}.new`, JSON.stringify(running), { mode: 0o600 });
  renameSync(`${PATH}.new`, PATH);
}

export const removeRunning = () => rmSync(PATH, { force: true });

/** Whether the last start ended without stopping what it had started. */
export const wasInterrupted = () => existsSync(PATH);

/** What the running start wrote, or undefined if none runs. */
export function readRunning() {
  if (!isStartRunning() || !existsSync(PATH)) return undefined;
  return JSON.parse(readFileSync(PATH, 'utf8'));
}
