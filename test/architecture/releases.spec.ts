import { execFile } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const root = resolve(__dirname, '../..');
const PUBLISHED = ['audit', 'core', 'database', 'events', 'logging'];

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pikaia-release-'));
  for (const file of [
    'package.json',
    'package-lock.json',
    '.prettierrc.json',
    ...globSync('{apps,libs}/*/package.json', { cwd: root }),
  ]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(root, file), join(folder, file));
  }
  cpSync(join(root, '.changeset'), join(folder, '.changeset'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});
afterEach(() => rmSync(folder, { recursive: true })); // only the folder from mkdtemp

/** Adds a changeset and runs `changeset version`. */
async function release(bumps: Readonly<Record<string, string>>, text: string): Promise<void> {
  const packages = Object.entries(bumps).map(([name, bump]) => `'@pikaia/${name}': ${bump}\n`);
  writeFileSync(join(folder, '.changeset/planted.md'), `---\n${packages.join('')}---\n\n${text}\n`);
  const git = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
  await promisify(execFile)('git', ['init', '-q', '-b', 'main'], { cwd: folder });
  await promisify(execFile)('git', [...git, 'commit', '-q', '--allow-empty', '-m', 'start'], { cwd: folder });
  await promisify(execFile)(process.execPath, ['node_modules/@changesets/cli/bin.js', 'version'], { cwd: folder });
}

const manifestsIn = (from: string): Manifest[] =>
  globSync('{apps,libs}/*/package.json', { cwd: from }).map(
    (file) => JSON.parse(readFileSync(join(from, file), 'utf8')) as Manifest,
  );

const versionsIn = (from: string): Record<string, string> =>
  Object.fromEntries(manifestsIn(from).map(({ name, version }) => [basename(name), version]));

const changelogOf = (name: string): string => readFileSync(join(folder, 'libs', name, 'CHANGELOG.md'), 'utf8');

/** The ranges of our packages that do not name the version which the package has. */
const staleRanges = (manifests: readonly Manifest[]): string[] => {
  const versions = new Map(manifests.map(({ name, version }) => [name, version]));
  return manifests.flatMap(({ name, dependencies = {}, peerDependencies = {} }) =>
    Object.entries({ ...dependencies, ...peerDependencies })
      .filter(([other, range]) => versions.has(other) && versions.get(other) !== range)
      .map(([other, range]) => `${name}: ${other} ${range}`),
  );
};

it('only the five libraries for other applications are published', () => {
  const published = manifestsIn(root).filter((manifest) => !manifest.private);
  expect(published.map(({ name }) => basename(name)).sort()).toEqual(PUBLISHED);
});

it('a release gives all published libraries the version of the largest change, and no other package', async () => {
  const before = versionsIn(root);
  await release({ events: 'minor', audit: 'patch' }, 'Publishing accepts an executor.');
  const after = versionsIn(folder);
  const next = before['core']!.replace(
    /^(\d+)\.(\d+)\.\d+$/,
    (_, major: string, minor: string) => `${major}.${Number(minor) + 1}.0`,
  );
  expect(after).toEqual({ ...before, ...Object.fromEntries(PUBLISHED.map((name) => [name, next])) });
});

it('a release writes the new version into the manifest of each package that depends on a library', async () => {
  await release({ core: 'patch' }, 'A trimmed name keeps its case.');
  const manifests = manifestsIn(folder);
  expect(manifests.find(({ name }) => name === '@pikaia/core')!.version).not.toBe(versionsIn(root)['core']);
  expect(staleRanges(manifests)).toEqual([]);
  const planted = manifests.map((manifest) => (manifest.name === '@pikaia/core' ? { ...manifest, version: '9.0.0' } : manifest));
  expect(staleRanges(planted)).toContainEqual(expect.stringMatching(/^@pikaia\/logging: @pikaia\/core /));
});

it('a release adds the text of a changeset to the changelog of each library that it names, and to no other', async () => {
  await release({ events: 'minor', audit: 'patch' }, 'Publishing accepts an executor.');
  const text = /^## \d+\.\d+\.0\n[^]*- Publishing accepts an executor\.$/m;
  expect(changelogOf('events')).toMatch(text);
  expect(changelogOf('audit')).toMatch(text);
  expect(changelogOf('core')).not.toContain('executor');
  expect(changelogOf('core')).toMatch(/^## \d+\.\d+\.0$/m);
  expect(globSync('.changeset/*.md', { cwd: folder })).toEqual([]);
});

it('a changeset of a package that does not exist is refused', async () => {
  await expect(release({ shop: 'patch' }, 'Planted.')).rejects.toMatchObject({
    stdout: expect.stringContaining('@pikaia/shop which is not in the workspace'),
  });
});
