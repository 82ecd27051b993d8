import { spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readlinkSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { canEnter } from './account.mjs';

/**
 * Where the data lie: where they are wanted, or, where the server's user cannot enter, below the temporary directory with a
 * link to it in the wanted place.
 */
export function dataDirectory(wanted, account, say) {
  const place = resolve(wanted);
  mkdirSync(dirname(place), { recursive: true });
  const there = lstatSync(place, { throwIfNoEntry: false });
  if (there?.isSymbolicLink()) {
    if (existsSync(place)) return readlinkSync(place);
    unlinkSync(place); // the temporary directory was emptied
  }
  if (canEnter(dirname(place), account)) return place;
  if (there?.isDirectory()) {
    throw new Error(
      `The user "postgres" cannot enter ${dirname(place)}, where its data are: allow it (chmod o+x), or start as another user.`,
    );
  }
  const parent = mkdtempSync(join(tmpdir(), 'pikaia-postgres-data-'));
  chmodSync(parent, 0o711);
  const directory = join(parent, 'data');
  symlinkSync(directory, place);
  say(`PostgreSQL runs as the user "postgres", who cannot enter ${dirname(place)}: its data are kept in ${directory}.`);
  return directory;
}

/** Makes the cluster if there is none; passwords are asked of everybody. It appears complete or not at all. */
export async function ensureCluster(directory, { account, initdb, environment, owner, password }) {
  if (existsSync(join(directory, 'PG_VERSION'))) return;
  const workshop = mkdtempSync(join(dirname(directory), '.postgres-'));
  try {
    const passwordFile = join(workshop, 'password');
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (account.uid !== undefined) for (const path of [workshop, passwordFile]) chownSync(path, account.uid, account.gid);
    const data = join(workshop, 'data');
    await run(
      initdb,
      ['-D', data, '-U', owner, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-sync'], // prettier-ignore
      { ...account, env: environment, cwd: workshop },
    );
    renameSync(data, directory);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

function run(command, args, options) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
    child.once('error', fail).once('close', (code, signal) => {
      if (code === 0) done();
      else fail(new Error(`initdb failed (${signal ?? code}): ${said.trim()}`));
    });
  });
}
