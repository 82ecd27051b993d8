import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SinkContractCase } from '@pikaia/events/testing';
import { codeBlocks, compile, type Compiled } from './code-blocks.js';

const root = resolve(__dirname, '../..');
const blocksOf = (name: string): string[] => codeBlocks(readFileSync(join(root, name), 'utf8'), 'ts');
const contract = blocksOf('docs/guides/add-to-an-application.md').find((block) => block.startsWith('// task-completed.v1.ts'))!;
const code = [...blocksOf('docs/sinks.md'), contract];

describe('the custom sink in docs/sinks.md', () => {
  const planted = `// planted.ts\nimport type { Sink } from '@pikaia/events';\nexport const sink: Sink = { name: 'half' };\n`;
  let compiled: Compiled;
  let folder: string;

  beforeAll(() => {
    compiled = compile([...code, planted]);
    folder = mkdtempSync(join(tmpdir(), 'pikaia-sink-'));
    compiled.emit(folder);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  });
  afterAll(() => rmSync(folder, { recursive: true })); // only the folder from mkdtemp

  it('compiles', () => {
    expect(compiled.problems).toEqual([expect.stringMatching(/^planted\.ts: Type '{ name: string; }' is missing/)]);
  });

  it('passes the contract of sinks', async () => {
    const { cases } = (await import(pathToFileURL(join(folder, 'webhook.sink.spec.js')).href)) as { cases: SinkContractCase[] };
    expect(cases.length).toBeGreaterThan(6);
    for (const { run } of cases) await run();
  });
});
