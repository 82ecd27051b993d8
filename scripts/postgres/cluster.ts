import { spawn, type SpawnOptions } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { PlainError } from '../start/plain-error.ts';
import { canEnter, type Account } from './account.ts';
import { incompleteError, startFailure } from './start-failure.ts';

/**
 * The directory of the cluster: `wanted`, if the account of the server can enter it. Otherwise a directory below the
 * temporary directory, with a symbolic link at `wanted`.
 */
export function dataDirectory(wanted: string, account: Account, print: (line: string) => void): string {
  const path = resolve(wanted);
  mkdirSync(dirname(path), { recursive: true });
  const existing = lstatSync(path, { throwIfNoEntry: false });
  if (existing?.isSymbolicLink()) {
    if (existsSync(path)) return readlinkSync(path);
    unlinkSync(path); // its target was deleted with the temporary directory
  }
  if (canEnter(dirname(path), account)) return path;
  if (existing?.isDirectory()) {
    throw new PlainError(
      `The user "postgres" cannot enter ${dirname(path)}, which contains its data. Allow it (chmod o+x), or start as another user.`,
    );
  }
  const parent = mkdtempSync(join(tmpdir(), 'pikaia-postgres-data-'));
  chmodSync(parent, 0o711);
  const directory = join(parent, 'data');
  symlinkSync(directory, path);
  print(`PostgreSQL runs as the user "postgres", who cannot enter ${dirname(path)}, so its data are kept in ${directory}.`);
  return directory;
}

interface ClusterOptions {
  readonly account: Account;
  readonly initdb: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly owner: string;
  readonly password: string;
}

/** Creates the cluster atomically if there is none. Every connection needs a password. */
export async function ensureCluster(
  directory: string,
  { account, initdb, environment, owner, password }: ClusterOptions,
): Promise<void> {
  if (existsSync(join(directory, 'PG_VERSION'))) return;
  if (lstatSync(directory, { throwIfNoEntry: false }) && !isEmptyDirectory(directory)) throw incompleteError(directory);
  const workDirectory = mkdtempSync(join(dirname(directory), '.postgres-'));
  try {
    const passwordFile = join(workDirectory, 'password');
    writeFileSync(passwordFile, password, { mode: 0o600 });
    const { uid, gid } = account;
    if (uid !== undefined && gid !== undefined) for (const path of [workDirectory, passwordFile]) chownSync(path, uid, gid);
    const data = join(workDirectory, 'data');
    await run(
      initdb,
      ['-D', data, '-U', owner, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-sync'], // prettier-ignore
      { ...account, env: environment, cwd: workDirectory },
    );
    renameSync(data, directory);
  } finally {
    rmSync(workDirectory, { recursive: true, force: true });
  }
}

function isEmptyDirectory(path: string): boolean {
  return lstatSync(path).isDirectory() && readdirSync(path).length === 0;
}

function run(command: string, args: readonly string[], options: SpawnOptions): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', fail).once('close', (code, signal) => {
      if (code === 0) done();
      else fail(startFailure('initdb', `${signal ?? code}`, stderr.split('\n'), String(options.cwd)));
    });
  });
}
