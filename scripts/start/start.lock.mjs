import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { varDirectory } from './folders.mjs';

const PATH = join(varDirectory, 'one-start.sqlite');
const WAIT_MS = 300; // somebody who only asks whether a start is running holds it for a moment
const SQLITE_BUSY = 5;

/**
 * Makes sure that one start runs in this folder. Node has no file locks, but SQLite does: the kernel releases them when
 * their holder ends, even by kill -9, so that no stale lock can be left.
 *
 * @returns {(() => void) | undefined} what releases the lock; undefined if another start holds it.
 */
export function takeStartLock() {
  const file = new DatabaseSync(PATH, { timeout: WAIT_MS });
  try {
    file.exec('pragma journal_mode = memory; begin exclusive'); // no journal file to be left behind
  } catch (error) {
    file.close();
    if (error.errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
  return () => file.close();
}

export function isStartRunning() {
  if (!existsSync(PATH)) return false;
  const release = takeStartLock();
  release?.();
  return release === undefined;
}
