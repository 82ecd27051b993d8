// npm run build:consumers: apps/consumers/src/<consumer>.handler.ts, compiled, into one file that a Lambda needs nothing beside.
import { build } from 'esbuild';
import { globSync, rmSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { root } from './start/folders.mjs';

const LARGEST = 5 * 1024 * 1024; // a larger one starts slowly: look at what it imports
const HANDLER = '.handler.js';
// What libraries look for and do without where it is not there: Nest's other transports, TypeORM's other databases.
const ABSENT = [
  '@nestjs/microservices',
  '@nestjs/microservices/*',
  '@nestjs/websockets/*',
  '@nestjs/platform-express',
  'pg-native',
];

const dist = join(root, 'apps/consumers/dist');
const handlers = globSync(`*${HANDLER}`, { cwd: dist });
for (const file of handlers) {
  const name = basename(file, HANDLER);
  const folder = join(dist, name);
  rmSync(folder, { recursive: true, force: true });
  const { metafile } = await build({
    entryPoints: [join(dist, file)], // compiled: esbuild writes no decorator metadata
    outfile: join(folder, 'index.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    keepNames: true, // of errors and of Nest's providers
    legalComments: 'none',
    metafile: true,
    external: ABSENT,
    // Libraries in CommonJS ask for these.
    banner: {
      js: "import{createRequire as __cr}from'node:module';import{fileURLToPath as __fu}from'node:url';import{dirname as __dn}from'node:path';const require=__cr(import.meta.url),__filename=__fu(import.meta.url),__dirname=__dn(__filename);",
    },
    logLevel: 'warning',
  });
  const [[output, { bytes }]] = Object.entries(metafile.outputs);
  if (bytes > LARGEST) throw new Error(`${output} has ${bytes} bytes; ${LARGEST} are allowed.`);
  console.log(`${relative(root, join(folder, 'index.mjs'))}  ${(bytes / 1024 / 1024).toFixed(2)} MiB`);
}
