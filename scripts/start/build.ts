import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './folders.ts';
import { PlainError } from './plain-error.ts';

/** Compiles changed files with `tsc -b`. The messages of the compiler go to stderr. */
export function build(signal?: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const compiler = spawn(process.execPath, [join(root, 'node_modules', 'typescript-native', 'bin', 'tsc'), '-b'], {
      cwd: root,
      stdio: ['ignore', 2, 2],
      ...(signal && { signal }),
    });
    compiler.once('error', fail).once('close', (code, how) => {
      if (code === 0) done();
      else fail(new PlainError(`The build failed (tsc -b, ${how ?? `exit code ${code}`}).`));
    });
  });
}
