import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where a built file of the api is, for an import in `runBuilt`. */
export const builtApi = (file: string): string => resolve(__dirname, '../../apps/api/dist', file);

/** What the code prints. The built code is ESM with decorators: a process of its own loads it as it is. */
export async function runBuilt(code: string): Promise<string> {
  return (await run(process.execPath, ['--input-type=module', '-e', code], { maxBuffer: 16 * 1024 * 1024 })).stdout;
}
