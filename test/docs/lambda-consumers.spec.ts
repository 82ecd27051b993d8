import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { codeBlocks, compile } from './code-blocks.js';

const root = resolve(__dirname, '../..');
const blocksOf = (name: string): string[] => codeBlocks(readFileSync(join(root, name), 'utf8'), 'ts');
const contract = blocksOf('docs/guides/add-to-an-application.md').find((block) => block.startsWith('// task-completed.v1.ts'))!;
const code = blocksOf('docs/lambda-consumers.md');

// The blocks belong into apps/consumers/src, but the test compiles them in another folder.
const relocateImports = (block: string): string =>
  block.replace("'./consumer.lambda.js'", "'../../../apps/consumers/src/consumer.lambda.js'");

describe('the custom consumer in docs/lambda-consumers.md', () => {
  it('compiles', () => {
    const planted = `// planted.ts\nimport { consumerLambda } from './consumer.lambda.js';\nexport const handler = consumerLambda({ imports: () => [] });\n`;
    const { problems } = compile([...code, contract, planted].map(relocateImports));
    expect(code).toHaveLength(3);
    expect(problems).toEqual([expect.stringMatching(/^planted\.ts: .*missing the following properties.*consumer, settings/)]);
  }, 60_000);
});
