// Plain JavaScript for the host's Node (>= 20), without dependencies: installs when the lockfile or a manifest changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifests = ['package.json', 'package-lock.json', '.npmrc'];
for (const folder of ['apps', 'libs'])
  for (const name of readdirSync(join(root, folder)).sort()) manifests.push(join(folder, name, 'package.json'));
const hash = () => {
  const sum = createHash('sha256');
  for (const file of manifests)
    sum
      .update(file)
      .update('\0')
      .update(existsSync(join(root, file)) ? readFileSync(join(root, file)) : '')
      .update('\0');
  return sum.digest('hex');
};
const stamp = join(root, 'node_modules', '.pikaia-stamp');
const node = join(root, 'node_modules', 'node', 'bin', 'node');
if (existsSync(stamp) && existsSync(node) && readFileSync(stamp, 'utf8') === hash()) process.exit(0);

console.log('Installing dependencies (npm install; about half a minute with a warm cache) …');
const started = Date.now();
const env = Object.fromEntries(
  Object.entries(process.env).filter(([key]) => !/^npm_(?!config_(userconfig|cache|registry|globalconfig|prefix))/i.test(key)),
);
const result = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
  encoding: 'utf8',
  env,
  shell: process.platform === 'win32',
});
if (result.status !== 0) {
  console.error(result.stdout, `npm install failed (${result.status ?? result.signal ?? result.error}).`);
  process.exit(1);
}
if (!existsSync(node)) {
  console.error(
    'Node 24 was not installed: is the install script of the package "node" allowed (package.json, allowScripts)? Run: npm rebuild node',
  );
  process.exit(1);
}
writeFileSync(stamp, hash());
console.log(`Dependencies installed in ${Math.round((Date.now() - started) / 1000)} s.`);
