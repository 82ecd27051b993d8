import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { varDirectory } from './folders.ts';
import type { Ports } from './ports.ts';
import { isStartRunning } from './start.lock.ts';

const PATH = join(varDirectory, 'running.json');

/** Describes the running system for other scripts. Contains passwords. */
export interface Running {
  readonly pid: number;
  readonly ports: Ports;
  readonly databaseUrls: { readonly owner: string; readonly api: string; readonly worker: string };
}

export function writeRunning(running: Running): void {
  writeFileSync(`${PATH}.new`, JSON.stringify(running), { mode: 0o600 });
  renameSync(`${PATH}.new`, PATH);
}

export const removeRunning = () => rmSync(PATH, { force: true });

/** Whether the last start was killed before it stopped its processes. */
export const wasInterrupted = () => existsSync(PATH);

/** The running system of this folder. If there is none, prints a message and exits with status 1. */
export function runningOrExit(): Running {
  const running = read();
  if (running) return running;
  console.error('Pikaia is not running from this folder, or not ready yet. Run npm start first.');
  process.exit(1);
}

function read(): Running | undefined {
  try {
    return isStartRunning() && existsSync(PATH) ? (JSON.parse(readFileSync(PATH, 'utf8')) as Running) : undefined;
  } catch (error) {
    console.error(`${PATH} cannot be read (${(error as Error).message}). Stop Pikaia and run npm start again.`);
    process.exit(1);
  }
}
