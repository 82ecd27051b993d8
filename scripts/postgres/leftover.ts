import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const STOP_TIMEOUT_MS = 20_000;

/** The process ID of the server that runs the cluster; undefined if there is none. Ignores the lock file of a killed server. */
export function postmasterPid(directory: string): number | undefined {
  const text = readIfExists(join(directory, 'postmaster.pid'));
  const pid = Number(text?.split('\n')[0]);
  return pid && runsCluster(pid, directory) ? pid : undefined;
}

/** Stops a server of this cluster that is left over from an earlier start. */
export async function stopLeftover(directory: string, print: (line: string) => void): Promise<void> {
  const pid = postmasterPid(directory);
  if (pid === undefined) return;
  print(`stopping an earlier PostgreSQL (process ${pid}) that is still running`);
  process.kill(pid, 'SIGINT'); // fast
  for (const deadline = Date.now() + STOP_TIMEOUT_MS; runsCluster(pid, directory); await sleep(50)) {
    if (Date.now() > deadline) throw new Error(`PostgreSQL (process ${pid}) does not stop. End it manually.`);
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
