// The newest result of a benchmark.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../bench/results', import.meta.url));

/** Of publish, relay, latency and eventbridge, each with the name of its file. */
export function newestResults() {
  return Object.fromEntries(['publish', 'relay', 'latency', 'eventbridge'].map((name) => [name, newest(name)]));
}

function newest(name) {
  const file = readdirSync(folder)
    .filter((one) => one.endsWith(`-${name}.json`))
    .sort()
    .at(-1);
  if (!file) throw new Error(`bench/results has no result of ${name}. Run: npm run bench:${name}`);
  return { file, ...JSON.parse(readFileSync(join(folder, file), 'utf8')) };
}
