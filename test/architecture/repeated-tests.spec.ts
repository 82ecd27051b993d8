import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');
const script = join(root, '.ci', 'tests.mjs');

/** What `npm test` does in its first and its second run: undefined writes no result, as if the build had failed. */
type Runs = readonly (
  { readonly failedFiles: Record<string, number>; readonly passed: number; readonly failed: number } | undefined
)[];

const FAKE = `
  const fs = require('node:fs');
  const number = fs.existsSync('arguments.json') ? JSON.parse(fs.readFileSync('arguments.json')) : [];
  const run = JSON.parse(fs.readFileSync('runs.json'))[number.length];
  fs.writeFileSync('arguments.json', JSON.stringify([...number, process.argv.slice(2)]));
  if (run) fs.writeFileSync(process.env.PIKAIA_TEST_RESULT, JSON.stringify(run));
  process.exitCode = run && run.failed === 0 ? 0 : 1;`;

describe('the tests of the gate', () => {
  const folders: string[] = [];
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

  async function gate(...runs: Runs): Promise<{ status: number; lastLine: string; commands: string[][]; output: string }> {
    const folder = mkdtempSync(join(tmpdir(), 'pikaia-gate-'));
    folders.push(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, scripts: { test: 'node fake.cjs' } }));
    writeFileSync(join(folder, 'fake.cjs'), FAKE);
    writeFileSync(join(folder, 'runs.json'), JSON.stringify(runs));
    return new Promise((done) =>
      execFile(process.execPath, [script], { cwd: folder }, (error, output) =>
        done({
          status: (error?.code as number | undefined) ?? 0,
          lastLine: output.trimEnd().split('\n').at(-1)!,
          commands: JSON.parse(readFileSync(join(folder, 'arguments.json'), 'utf8')) as string[][],
          output,
        }),
      ),
    );
  }

  it('are run once if all pass', async () => {
    const { status, lastLine, commands } = await gate({ passed: 10, failed: 0, failedFiles: {} });
    expect({ status, lastLine, commands }).toEqual({ status: 0, lastLine: '10 passed, 0 failed', commands: [[]] });
  });

  it('succeed if the files that failed pass alone, and name them', async () => {
    const first = { passed: 95, failed: 2, failedFiles: { 'a.spec.ts': 4, 'b.spec.ts': 0 } };
    const { status, lastLine, commands, output } = await gate(first, { passed: 7, failed: 0, failedFiles: {} });
    expect({ status, lastLine }).toEqual({ status: 0, lastLine: '98 passed, 0 failed' });
    expect(commands).toEqual([[], ['--runInBand', '--runTestsByPath', 'a.spec.ts', 'b.spec.ts']]);
    expect(output).toContain('Failed beside other tests and passed alone: a.spec.ts\n');
    expect(output).toContain('Failed beside other tests and passed alone: b.spec.ts\n');
  });

  it('fail if a file fails twice', async () => {
    const first = { passed: 95, failed: 2, failedFiles: { 'a.spec.ts': 4, 'b.spec.ts': 0 } };
    const { status, lastLine, output } = await gate(first, { passed: 6, failed: 1, failedFiles: { 'b.spec.ts': 1 } });
    expect({ status, lastLine }).toEqual({ status: 1, lastLine: '97 passed, 1 failed' });
    expect(output).not.toContain('passed alone: b.spec.ts');
  });

  it('fail without a second run if four files fail, if no file is named, or if there is no result', async () => {
    const four = { 'a.spec.ts': 1, 'b.spec.ts': 1, 'c.spec.ts': 1, 'd.spec.ts': 1 };
    expect(await gate({ passed: 95, failed: 4, failedFiles: four })).toMatchObject({ status: 1, commands: [[]] });
    expect(await gate({ passed: 95, failed: 1, failedFiles: {} })).toMatchObject({ status: 1, commands: [[]] });
    expect(await gate(undefined)).toMatchObject({ status: 1, commands: [[]] });
  });

  it('fail if the second run has no result', async () => {
    const first = { passed: 95, failed: 1, failedFiles: { 'a.spec.ts': 4 } };
    expect(await gate(first, undefined)).toMatchObject({ status: 1, lastLine: '95 passed, 1 failed' });
  });
});
