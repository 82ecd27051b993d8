import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const STOPS_WITHIN_MS = 20_000;

/** The process that runs the cluster; undefined if none does. A lock file that a killed server left is seen through. */
export function postmasterPid(directory) {
  const text = readIfThere(join(directory, 'postmaster.pid'));
  const pid = Number(text?.split('\n')[0]);
  return pid && runs(pid, directory) ? pid : undefined;
}

/** Stops a server of this cluster that outlived whoever started it. */
export async function stopLeftover(directory, say) {
  const pid = postmasterPid(directory);
  if (pid === undefined) return;
  say(`an earlier PostgreSQL (process ${pid}) still runs: stopping it`);
  process.kill(pid, 'SIGINT'); // fast
  for (const deadline = Date.now() + STOPS_WITHIN_MS; runs(pid, directory); await sleep(50)) {
    if (Date.now() > deadline) throw new Error(`PostgreSQL (process ${pid}) does not stop: end it by hand.`);
  }
}

/** Process ids come round again: only one whose command line names the cluster is ours. A zombie has none. */
function runs(pid, directory) {
  if (process.platform === 'linux') return (readIfThere(`/proc/${pid}/cmdline`) ?? '').split('\0').includes(directory);
  return spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout.includes(directory);
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined; // gone meanwhile
    throw error;
  }
}
