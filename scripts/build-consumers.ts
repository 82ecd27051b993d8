// npm run build:consumers: bundles each compiled apps/consumers/src/<consumer>.handler.ts into one self-contained Lambda file.
import { build } from 'esbuild';
import { globSync, rmSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { root } from './start/folders.ts';

const MAX_BUNDLE_BYTES = 5 * 1024 * 1024; // a larger bundle starts slowly: check its imports
const HANDLER = '.handler.js';
// Optional peers that the libraries try to load and can do without: other Nest transports, other TypeORM databases.
const OPTIONAL_PACKAGES = [
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
    entryPoints: [join(dist, file)], // the output of tsc, because esbuild emits no decorator metadata
    outfile: join(folder, 'index.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    keepNames: true, // errors and Nest providers are identified by their class names
    legalComments: 'none',
    metafile: true,
    external: OPTIONAL_PACKAGES,
    // CommonJS libraries use these globals.
    banner: {
      js: "import{createRequire as __cr}from'node:module';import{fileURLToPath as __fu}from'node:url';import{dirname as __dn}from'node:path';const require=__cr(import.meta.url),__filename=__fu(import.meta.url),__dirname=__dn(__filename);",
    },
    logLevel: 'warning',
  });
  const [output, { bytes }] = Object.entries(metafile.outputs)[0]!;
  if (bytes > MAX_BUNDLE_BYTES) throw new Error(`${output} has ${bytes} bytes; the maximum is ${MAX_BUNDLE_BYTES}.`);
  console.log(`${relative(root, join(folder, 'index.mjs'))}  ${(bytes / 1024 / 1024).toFixed(2)} MiB`);
}
