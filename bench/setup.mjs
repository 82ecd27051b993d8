// Installs the load generator and the peers when their manifest or lockfile changed.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = import.meta.dirname;
const lockfile = join(folder, 'package-lock.json');
const installed = join(folder, 'node_modules', '.installed-lock.json');

if (!existsSync(installed) || readFileSync(installed, 'utf8') !== readFileSync(lockfile, 'utf8')) {
  console.error('Installing the load generator and the peers (npm ci in bench) …');
  // npm's variables of the script that we run in mislead a nested npm; the person's own settings are in their .npmrc.
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
    console.error(`npm ci in bench failed (${npm.error?.message ?? npm.signal ?? `exit code ${npm.status}`}).`);
    process.exit(1);
  }
  copyFileSync(lockfile, installed);
}
