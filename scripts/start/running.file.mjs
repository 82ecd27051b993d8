import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { varDirectory } from './folders.mjs';
import { isStartRunning } from './start.lock.mjs';

const PATH = join(varDirectory, 'running.json');

/** Describes the running system for other scripts: `{ pid, ports: { api, worker }, databaseUrls: { owner, api, worker } }`. Contains passwords. */
export function writeRunning(running) {
  writeFileSync(`${PATH}.new`, JSON.stringify(running), { mode: 0o600 });
  renameSync(`${PATH}.new`, PATH);
}

export const removeRunning = () => rmSync(PATH, { force: true });

/** Whether the last start was killed before it stopped its processes. */
export const wasInterrupted = () => existsSync(PATH);

/** The description of the running system; undefined if none runs. */
export function readRunning() {
  if (!isStartRunning() || !existsSync(PATH)) return undefined;
  return JSON.parse(readFileSync(PATH, 'utf8'));
}
