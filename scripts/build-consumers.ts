// npm run build:consumers: bundles each consumer of libs/reactions/src/consumers.ts into one self-contained Lambda file. Bundles also
// those that run in the worker, so that a consumer can move.
import { build } from 'esbuild';
import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './start/folders.ts';

const MAX_BUNDLE_BYTES = 5 * 1024 * 1024; // a larger bundle starts slowly: check its imports
// Optional peers that the libraries try to load and can do without: other Nest transports, other TypeORM databases.
const OPTIONAL_PACKAGES = [
  '@nestjs/microservices',
  '@nestjs/microservices/*',
  '@nestjs/websockets/*',
  '@nestjs/platform-express',
  'pg-native',
];

const dist = join(root, 'apps/consumers/dist');
// The output of tsc, because Node and esbuild emit no decorator metadata.
const { CONSUMERS } = (await import(pathToFileURL(join(root, 'libs/reactions/dist/index.js')).href)) as {
  readonly CONSUMERS: readonly { readonly name: string }[];
};
for (const { name } of CONSUMERS) {
  const folder = join(dist, name);
  rmSync(folder, { recursive: true, force: true });
  const { metafile } = await build({
    stdin: {
      contents: `import { declaredConsumerLambda } from './declared-consumer.js';\nexport const handler = await declaredConsumerLambda('${name}');`,
      resolveDir: dist,
    },
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
