// `npm run docs:scaling`: writes docs/scaling.md from the newest results of the benchmarks.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { scalingDocument } from './scaling/document.mjs';
import { newestResults } from './scaling/results.mjs';

writeFileSync(fileURLToPath(new URL('../docs/scaling.md', import.meta.url)), scalingDocument(newestResults()));
console.log('docs/scaling.md is written.');
