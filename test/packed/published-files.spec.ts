import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { packLibraries, type PackedLibraries } from './installation.js';

const SETUP_LIMIT_MS = 240_000; // the registry can be slow
const LIBRARIES = ['core', 'logging', 'database', 'events', 'audit'];
const TOOLS = resolve(__dirname, '../../node_modules/.bin');
const execute = promisify(execFile);

let folder: string;
let packed: PackedLibraries;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pikaia-published-'));
  packed = await packLibraries(LIBRARIES);
  await Promise.all(packed.tarballs.map((path) => unpack(path, nameOf(path))));
}, SETUP_LIMIT_MS);
afterAll(() => {
  packed?.remove();
  rmSync(folder, { recursive: true }); // only the folder from mkdtemp
});

const nameOf = (tarball: string): string => basename(tarball).replace(/^pikaia-|-[\d.]+\.tgz$/g, '');

async function unpack(tarball: string, name: string): Promise<string> {
  const target = join(folder, name);
  mkdirSync(target);
  await execute('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
  return target;
}

/** Runs a tool and returns the lines that name a problem. */
const problemsOf = (tool: string, ...args: string[]): Promise<string[]> =>
  execute(join(TOOLS, tool), args).then(
    () => [],
    ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}`.split('\n').filter(Boolean),
  );

const publint = (target: string) => problemsOf('publint', 'run', target, '--strict', '--pack', 'false');
const attw = (target: string, ...args: string[]) => problemsOf('attw', '--pack', target, '--no-color', '--no-emoji', ...args);

it.each(LIBRARIES)('publint and attw find no problem in the tarball of %s', async (name) => {
  const target = join(folder, name);
  expect(await publint(target)).toEqual([]);
  expect(await attw(target)).toEqual([]);
});

it('publint and attw report an entry point that does not exist, and a subpath that the classic resolution does not find', async () => {
  const target = await unpack(
    packed.tarballs.find((path) => nameOf(path) === 'events')!,
    'planted',
  );
  const path = join(target, 'package.json');
  const { typesVersions: _, ...manifest } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify({ ...manifest, main: './dist/missing.js' }));
  expect(await publint(target)).toContainEqual(expect.stringContaining('missing.js'));
  expect(await attw(target)).toContainEqual(expect.stringContaining('@pikaia/events/testing'));
});
