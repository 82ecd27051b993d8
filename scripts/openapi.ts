// npm run docs:openapi: writes docs/openapi.json from the code of the api, and the types of the client from docs/openapi.json.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './start/build.ts';
import { root } from './start/folders.ts';

await build();
const { describeApi, documentText } = await import('../apps/api/dist/openapi/describe-api.js');

const [document, types] = ['docs/openapi.json', 'apps/console/src/api/api.types.ts'];
writeFileSync(join(root, document), documentText(await describeApi()));
execFileSync(join(root, 'node_modules/.bin/openapi-typescript'), [document, '--output', types], { cwd: root });
console.log(`Wrote ${document} and ${types}.`);
