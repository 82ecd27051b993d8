import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { codeBlocks, compile } from './code-blocks.js';

const code = codeBlocks(readFileSync(join(resolve(__dirname, '../..'), 'docs/guides/migrations.md'), 'utf8'), 'ts');

describe('the code in docs/guides/migrations.md', () => {
  it('compiles', () => {
    const planted = `// planted.ts\nimport { grantTables } from '@pikaia/database';\ngrantTables({ to: ['everyone'] });\n`;
    const { problems } = compile([...code, planted]);
    expect(code).toHaveLength(3);
    expect(problems).toEqual([expect.stringMatching(/^planted\.ts: Type '"everyone"' is not assignable/)]);
  }, 60_000);
});
