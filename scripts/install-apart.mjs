// node scripts/install-apart.mjs <folder>: installs the packages of a folder that has its own lockfile (bench, infra), if the
// lockfile changed. Such a folder uses Node, the compiler and the libraries of the root.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './start/folders.mjs';

const [name] = process.argv.slice(2);
const folder = join(root, name);
const lockfile = join(folder, 'package-lock.json');
const installed = join(folder, 'node_modules', '.installed-lock.json');

if (!existsSync(installed) || readFileSync(installed, 'utf8') !== readFileSync(lockfile, 'utf8')) {
  console.error(`Installing the packages of ${name} (npm ci; about a minute) …`);
  // The npm_* variables of the surrounding npm script mislead a nested npm. The user's own settings are in .npmrc.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) || /registry|cache|proxy|cafile|userconfig/i.test(name)),
  );
  const npm = spawnSync('npm', ['ci', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0) {
    console.error(`npm ci in ${name} failed (${npm.error?.message ?? npm.signal ?? `exit code ${npm.status}`}).`);
    process.exit(1);
  }
  copyFileSync(lockfile, installed);
}
