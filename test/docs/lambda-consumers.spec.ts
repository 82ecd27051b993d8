import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { codeBlocks, compile } from './code-blocks.js';

const root = resolve(__dirname, '../..');
const blocksOf = (name: string): string[] => codeBlocks(readFileSync(join(root, name), 'utf8'), 'ts');
const contract = blocksOf('docs/guides/add-to-an-application.md').find((block) => block.startsWith('// task-completed.v1.ts'))!;
const code = blocksOf('docs/lambda-consumers.md');

describe('the custom consumer in docs/lambda-consumers.md', () => {
  it('compiles', () => {
    const planted = `// planted.ts\nimport { deploy } from '@pikaia/reactions';\nexport const consumer = deploy(class {}, { runsIn: 'queue' });\n`;
    const { problems } = compile([...code, contract, planted]);
    expect(code).toHaveLength(3);
    expect(problems).toEqual([expect.stringMatching(/^planted\.ts: Type '"queue"' is not assignable to type 'Place'/)]);
  });
});
