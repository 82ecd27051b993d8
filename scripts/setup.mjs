// node scripts/setup.mjs [bench | infra]: installs the dependencies if a manifest or the lockfile changed, and then those of a
// folder that has its own lockfile. It runs before any package is installed, on the Node of the host (20 or newer). It must have
// no dependencies, no TypeScript and no features newer than Node 20.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');
const node = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const stamp = join(modules, '.pikaia-stamp');
const lock = join(modules, '.pikaia-installing');
// The npm_* variables of the surrounding npm script mislead a nested npm. These are settings of the user and are kept.
const KEPT_VARIABLES =
  /^npm_config_(userconfig|globalconfig|cache|registry|prefix|proxy|https_proxy|noproxy|cafile|strict_ssl|offline|prefer_offline)$/i;

class InstallationError extends Error {}

const [folder] = process.argv.slice(2);
try {
  if (!isInstalled()) await installUnderLock();
  if (folder) installFolder(join(root, folder));
} catch (error) {
  console.error(error instanceof InstallationError ? error.message : error);
  process.exitCode = 1;
}

function isInstalled() {
  return existsSync(stamp) && existsSync(node) && readFileSync(stamp, 'utf8') === fingerprint();
}

function fingerprint() {
  const workspaces = ['apps', 'libs'].flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)));
  const hash = createHash('sha256');
  for (const file of ['package-lock.json', '.npmrc', ...['.', ...workspaces.sort()].map((name) => join(name, 'package.json'))]) {
    if (existsSync(join(root, file)))
      hash
        .update(`${file}\0`)
        .update(readFileSync(join(root, file)))
        .update('\0');
  }
  return hash.digest('hex');
}

/** If several scripts start at once, one installs and the others wait for it. */
async function installUnderLock() {
  mkdirSync(modules, { recursive: true });
  while (!takeLock()) await sleep(200);
  try {
    if (!isInstalled()) install();
  } finally {
    rmSync(lock, { force: true });
  }
}

function takeLock() {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const holder = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
  if (holder && !isAlive(holder)) rmSync(lock, { force: true });
  return false;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function install() {
  const startedAt = Date.now();
  console.error('Installing dependencies (npm install; about half a minute) …');
  // --no-save: older versions of npm would rewrite the lockfile. --include=dev: the build needs it, even with NODE_ENV=production.
  const options = ['--no-save', '--no-audit', '--no-fund', '--include=dev', '--include=optional', '--loglevel=error'];
  runNpm(root, 'install', ...options);
  if (!existsSync(node))
    throw new InstallationError(
      'npm install did not install Node 24, because the install script of the package "node" did not run. Run: npm rebuild node',
    );
  writeFileSync(`${stamp}.new`, fingerprint());
  renameSync(`${stamp}.new`, stamp);
  console.error(`Dependencies installed in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
}

/** Installs the packages of a folder that uses Node, the compiler and the libraries of the root, if its lockfile changed. */
function installFolder(folder) {
  const lockfile = join(folder, 'package-lock.json');
  const installed = join(folder, 'node_modules', '.installed-lock.json');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(lockfile, 'utf8')) return;
  console.error(`Installing the packages of ${basename(folder)} (npm ci; about a minute) …`);
  runNpm(folder, 'ci', '--loglevel=error');
  copyFileSync(lockfile, installed);
}

function runNpm(cwd, command, ...options) {
  const npm = spawnSync('npm', [command, ...options], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) || KEPT_VARIABLES.test(name))),
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0)
    throw new InstallationError(
      `${npm.stdout}\nnpm ${command} failed (${npm.error?.message ?? npm.signal ?? `exit code ${npm.status}`}).`,
    );
}
