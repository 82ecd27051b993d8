import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const REFRESH_INTERVAL_MS = 1_000;
const POLL_INTERVAL_MS = 200;
const ABANDONED_AFTER_MS = 8_000; // a holder that works refreshes the file every second

/**
 * Runs `work` while no other process of this folder installs. If several scripts start at once, one installs and the others
 * wait. The lock of a killed process is taken over: its process ID is gone, or, if the ID was given to another process, nobody
 * refreshes the file.
 */
export async function withInstallLock(directory, work) {
  mkdirSync(directory, { recursive: true });
  const lock = join(directory, '.pikaia-installing');
  await take(lock);
  const timer = setInterval(() => refresh(lock), REFRESH_INTERVAL_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    rmSync(lock, { force: true });
  }
}

async function take(lock) {
  let seen;
  let seenAt = 0;
  let hasReported = false;
  while (!create(lock)) {
    const state = stateOf(lock);
    if (state?.id !== seen) [seen, seenAt] = [state?.id, performance.now()];
    const isAbandoned = state && (isDead(state.pid) || performance.now() - seenAt > ABANDONED_AFTER_MS);
    if (isAbandoned && stateOf(lock)?.id === seen) rmSync(lock, { force: true });
    else if (!hasReported) {
      console.error(`Waiting for another installation in this folder (process ${state?.pid || 'unknown'}) …`);
      hasReported = true;
    }
    await sleep(POLL_INTERVAL_MS);
  }
}

function create(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function refresh(lock) {
  try {
    utimesSync(lock, new Date(), new Date());
  } catch (error) {
    if (error.code !== 'ENOENT') throw error; // node_modules was deleted: the installation itself reports it
  }
}

/** The process ID in the file, and a text that changes with each refresh. Undefined if there is no file. */
function stateOf(lock) {
  try {
    const { ino, mtimeMs } = statSync(lock);
    return { pid: Number(readFileSync(lock, 'utf8')), id: `${ino} ${mtimeMs}` };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** An empty file has no process ID yet: its writer may be alive. */
function isDead(pid) {
  if (!pid) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}
