import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { PlainError } from '../start/plain-error.ts';

const NAME = 'postgres';

/** An account of the operating system; without IDs, the current user. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * The account that runs the server: the current user. PostgreSQL refuses to run as root; for root it is the account
 * `postgres`, which is created if it does not exist.
 */
export function serverAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const found = findAccount();
  if (found) return found;
  const creation = spawnSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', NAME]);
  const account = findAccount();
  if (account) return account;
  throw new PlainError(
    `PostgreSQL does not run as root, and creating the user "${NAME}" failed (${creation.error?.message ?? String(creation.stderr).trim()}). Create it, or start as another user.`,
  );
}

function findAccount(): Account | undefined {
  const idOf = (flag: string): number | undefined => {
    const { status, stdout } = spawnSync('id', [flag, NAME], { encoding: 'utf8' });
    return status === 0 ? Number(stdout) : undefined;
  };
  const uid = idOf('-u');
  const gid = idOf('-g');
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

/** Whether the account can enter the directory and each of its parents. Directories that do not exist are ignored. */
export function canEnter(directory: string, account: Account): boolean {
  if (account.uid === undefined) return true;
  for (let at = resolve(directory); ; at = dirname(at)) {
    if (existsSync(at)) {
      const { mode, uid, gid } = statSync(at);
      const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
      if (!(mode & bit)) return false;
    }
    if (at === dirname(at)) return true;
  }
}
