import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './folders.ts';
import { PlainError } from './plain-error.ts';

const folder = join(root, 'apps/console');
const stamp = join(folder, 'dist/.inputs');

/** Builds the console with Vite, unless its sources and packages are those of the last build. The messages of Vite go to stderr. */
export async function buildConsole(signal?: AbortSignal): Promise<void> {
  const inputs = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return;
  await new Promise<void>((done, fail) => {
    const vite = join(root, 'node_modules/vite/bin/vite.js');
    const builder = spawn(process.execPath, [vite, 'build', folder, '--logLevel', 'warn'], {
      cwd: root,
      stdio: ['ignore', 2, 2],
      ...(signal && { signal }),
    });
    builder.once('error', fail).once('close', (code, how) => {
      if (code === 0) done();
      else fail(new PlainError(`The build of the console failed (vite build, ${how ?? `exit code ${code}`}).`));
    });
  });
  writeFileSync(stamp, inputs);
}

/** A hash of everything that the build reads. A new version of a package changes a package.json. */
function fingerprint(): string {
  const sources = globSync('{index.html,package.json,tsconfig.json,vite.config.ts,public/*,src/**/*.{ts,tsx,css}}', {
    cwd: folder,
    exclude: ['**/*.spec.ts'],
  });
  const hash = createHash('sha256').update(readFileSync(join(root, 'package.json')));
  for (const name of sources.toSorted()) hash.update(`\0${name}\0`).update(readFileSync(join(folder, name)));
  return hash.digest('hex');
}
