import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { codeBlocks, compile, type Compiled } from './code-blocks.js';

const root = resolve(__dirname, '../..');
const read = (name: string): string => readFileSync(join(root, 'docs/guides', name), 'utf8');
const guide = read('change-an-event.md');
const contract = codeBlocks(read('add-to-an-application.md'), 'ts').find((block) => block.startsWith('// task-completed.v1.ts'))!;
const planted = `// planted.ts
import { Upcast } from '@pikaia/events';
import { TaskCompleted } from './task-completed.v1.js';
import { TaskCompletedV2 } from './task-completed.v2.js';
export class Planted {
  @Upcast(TaskCompletedV2, TaskCompleted)
  static back({ title }: TaskCompletedV2) {
    return { title };
  }
}
`;

describe('the code in docs/guides/change-an-event.md', () => {
  let compiled: Compiled;
  let folder: string;

  beforeAll(() => {
    compiled = compile([...codeBlocks(guide, 'ts'), contract, planted]);
    folder = mkdtempSync(join(tmpdir(), 'pikaia-change-'));
    compiled.emit(folder);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    mkdirSync(join(folder, 'contracts/task.completed'), { recursive: true });
  });
  afterAll(() => rmSync(folder, { recursive: true })); // only the folder from mkdtemp; removes the link to node_modules, not its target

  it('compiles', () => {
    expect(compiled.problems).toEqual([expect.stringMatching(/^planted\.ts: .*owner_email/)]);
  });

  /** Runs the test of the golden samples. @returns its output. */
  function runGoldenTest(sample: string): string {
    writeFileSync(join(folder, 'contracts/task.completed/v1.golden.json'), sample);
    try {
      return execFileSync(process.execPath, ['--test', 'golden-samples.test.js'], { cwd: folder, encoding: 'utf8' });
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  }

  it('has a golden sample that passes its test, and one with another language does not', () => {
    const [sample] = codeBlocks(guide, 'json');
    expect(runGoldenTest(sample!)).toMatch(/pass 1\n.*fail 0\n/);
    expect(runGoldenTest(sample!.replace('"en"', '"de"'))).toMatch(/fail 1\n/);
  });
});
