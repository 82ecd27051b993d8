import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const NAME = 'postgres';

/** The user that the server runs as: ourselves, or `postgres` where we are root, whom PostgreSQL refuses. Made if missing. */
export function serverAccount() {
  if (process.getuid?.() !== 0) return {};
  const found = lookUp();
  if (found) return found;
  const made = spawnSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', NAME]);
  const account = lookUp();
  if (account) return account;
  throw new Error(
    `PostgreSQL does not run as root, and the user "${NAME}" could not be made (${made.error?.message ?? String(made.stderr).trim()}). Make it, or start as another user.`,
  );
}

function lookUp() {
  const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, NAME], { encoding: 'utf8' }));
  return uid.status === 0 && gid.status === 0 ? { uid: Number(uid.stdout), gid: Number(gid.stdout) } : undefined;
}

/** Whether the account may pass through the directory and each of its parents; those that do not exist yet are ours to make. */
export function canEnter(directory, account) {
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
