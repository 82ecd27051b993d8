import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { varDirectory } from './folders.ts';
import { PlainError } from './plain-error.ts';

const PATH = join(varDirectory, 'one-start.sqlite');
const WAIT_MS = 300; // a script that only checks whether a start is running holds the lock briefly
const SQLITE_BUSY = 5;

/**
 * Takes the lock that allows only one start in this folder. Node has no file locks, so this uses those of SQLite. The kernel
 * releases them when the process ends, even by kill -9, so a stale lock is impossible.
 *
 * @returns a function that releases the lock; undefined if another start holds it.
 */
export function takeStartLock(): (() => void) | undefined {
  let file: DatabaseSync | undefined;
  try {
    file = new DatabaseSync(PATH, { timeout: WAIT_MS });
    file.exec('pragma journal_mode = memory; begin exclusive'); // leaves no journal file
  } catch (error) {
    file?.close();
    const { errcode, message } = error as Error & { errcode?: number };
    if (errcode === SQLITE_BUSY) return undefined;
    throw new PlainError(
      `The lock file ${PATH} cannot be used (${message}). Check that this user can write to it and that the disk is not full, or delete it.`,
    );
  }
  return () => file.close();
}

export function isStartRunning(): boolean {
  if (!existsSync(PATH)) return false;
  const release = takeStartLock();
  release?.();
  return release === undefined;
}
