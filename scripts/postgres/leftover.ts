import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PlainError } from '../start/plain-error.ts';

const LOCK_FILE = 'postmaster.pid';
const STOP_TIMEOUT_MS = 20_000;

/** The process ID of the server that runs the cluster; undefined if there is none. Ignores the lock file of a killed server. */
export function postmasterPid(directory: string): number | undefined {
  const pid = recordedPid(directory);
  return pid && runsCluster(pid, directory) ? pid : undefined;
}

/**
 * Makes PostgreSQL ignore the lock file of a killed server, even if its process ID belongs to another process by now.
 *
 * @returns the environment to add. PostgreSQL takes the process `PG_GRANDPARENT_PID` for no server. It still refuses to start
 * while the shared memory that the lock file names is in use, so a server that was not recognized here is safe.
 */
export function ignoreForeignLock(directory: string): NodeJS.ProcessEnv {
  const pid = recordedPid(directory);
  if (pid === undefined) return {};
  if (pid) return { PG_GRANDPARENT_PID: String(pid) };
  rmSync(join(directory, LOCK_FILE), { force: true }); // a full disk left it without content: it names no process and no memory
  return {};
}

/** The process ID in the lock file; 0 if the file has no content, undefined if there is no file. */
function recordedPid(directory: string): number | undefined {
  const text = readIfExists(join(directory, LOCK_FILE));
  return text === undefined ? undefined : Math.abs(Number.parseInt(text, 10)) || 0;
}

/** Stops a server of this cluster that is left over from an earlier start. */
export async function stopLeftover(directory: string, print: (line: string) => void): Promise<void> {
  const pid = postmasterPid(directory);
  if (pid === undefined) return;
  print(`stopping an earlier PostgreSQL (process ${pid}) that is still running`);
  process.kill(pid, 'SIGINT'); // fast
  for (const deadline = Date.now() + STOP_TIMEOUT_MS; runsCluster(pid, directory); await sleep(50)) {
    if (Date.now() > deadline) throw new PlainError(`PostgreSQL (process ${pid}) does not stop. End it manually.`);
  }
}

/** Whether the process is the server of this cluster. Process IDs are reused, so it checks the command line. A zombie has none. */
function runsCluster(pid: number, directory: string): boolean {
  if (process.platform === 'linux') return (readIfExists(`/proc/${pid}/cmdline`) ?? '').split('\0').includes(directory);
  return spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout.includes(directory);
}

function readIfExists(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined; // the file or process has disappeared
    throw error;
  }
}
