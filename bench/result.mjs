// Writes the result of a benchmark to results/<date>-<name>.json, with the machine and the versions.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, cpus, loadavg, platform, totalmem } from 'node:os';
import { join } from 'node:path';

const LOAD_BEFORE = loadavg()[0]; // the load of this machine before the benchmark
const here = import.meta.dirname;

/** Arguments after `--` become the note. BENCH_RESULTS names another folder, for a trial run. */
export function writeResult(name, { packages = [], postgres, ...figures }) {
  const note = process.argv.slice(2).join(' ');
  const result = {
    at: new Date().toISOString(),
    ...(note && { note }),
    machine: {
      cpu: cpus()[0].model,
      cores: cpus().length,
      memoryMebibytes: Math.round(totalmem() / 2 ** 20),
      platform: platform(),
      arch: arch(),
      loadBefore: LOAD_BEFORE,
    },
    versions: { node: process.versions.node, ...(postgres && { postgres }), ...Object.fromEntries(packages.map(versionOf)) },
    ...figures,
  };
  const folder = process.env['BENCH_RESULTS'] ?? join(here, 'results');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${result.at.slice(0, 10)}-${name}.json`);
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`Wrote ${path}`);
}

function versionOf(name) {
  for (const folder of createRequire(import.meta.url).resolve.paths('x')) {
    try {
      return [name, JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')).version];
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
  throw new Error(`${name} is not installed.`);
}
