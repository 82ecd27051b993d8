import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { waitFor } from '../support/time/wait-for.js';
import { Installation, type Start } from './installation.js';

/** Takes one system through faults. The path of its folder contains spaces and umlauts. */
describe('npm start', () => {
  const installation = new Installation('Größe & zwei Wörter');
  let start: Start;

  beforeAll(async () => {
    start = await installation.start();
    await start.settled();
  });
  afterAll(() => installation.remove());

  const onlyPid = (part: string) => {
    const pids = installation.pids(part);
    expect(pids).toHaveLength(1);
    return pids[0]!;
  };
  const bothReady = () =>
    waitFor('api and worker are ready', async () => {
      const statuses = await Promise.allSettled([installation.get('api'), installation.get('worker')]);
      return statuses.every((one) => one.status === 'fulfilled' && one.value === 200);
    });
  const connect = async (url: string) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ name: string; super: boolean }>(
      'select current_user as name, rolsuper as super from pg_roles where rolname = current_user',
    );
    await client.end();
    return rows[0];
  };

  it('starts both processes and prints commands to copy', async () => {
    await bothReady();
    const { api } = await installation.ports();
    for (const text of [
      'npm run -s token -- --email alice@example.com | tail -1',
      `http://127.0.0.1:${api}/api/v1/docs`,
      `http://127.0.0.1:${api}/api/v1/members/invitations`,
      `http://127.0.0.1:${api}/api/v1/admin/correlations/$ID`,
      'npm run explain -- $ID',
      'var/mail',
    ]) {
      expect(start.stderr).toContain(text);
    }
    expect(start.stderr).not.toContain('week'); // SEED_WEEK=off
  });

  it('prints only whole JSON lines of the processes to stdout', () => {
    const lines = start.stdout.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(typeof JSON.parse(line)).toBe('object');
  });

  it('logs each event as well as delivering it', () => {
    const lines = start.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toContainEqual(expect.objectContaining({ event: 'worker_started', sinks: 'log,local' }));
  });

  it('prints a connection string of its database for each role', async () => {
    const url = async (role: string) => (await installation.run('db-url.ts', '--role', role)).stdout.trim();
    expect(await connect(await url('owner'))).toEqual({ name: 'pikaia', super: true });
    expect(await connect(await url('api'))).toEqual({ name: 'pikaia_api', super: false });
    expect(await connect(await url('worker'))).toEqual({ name: 'pikaia_worker', super: false });
    const unknown = await installation.run('db-url.ts', '--role', 'root');
    expect(unknown).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('no role "root"') as string });
  });

  it('has nothing to correct for the doctor, as the owner and as the role of a process', async () => {
    const problems = async (role: string): Promise<string[]> => {
      const { stdout } = await installation.run('doctor.ts', '--role', role, '--json');
      const { results } = JSON.parse(stdout) as { results: { check: string; status: string }[] };
      return results.filter(({ status }) => status !== 'ok').map(({ check, status }) => `${check} ${status}`);
    };
    // A worker leads its sinks soon after the start.
    for (const role of ['owner', 'worker'])
      await waitFor(`${role}: only the event bus is skipped`, async () => (await problems(role)).join() === 'event-bus skipped');
    const unknown = await installation.run('doctor.ts', '--role', 'nobody');
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no role "nobody".') });
  });

  it('refuses a connection with a wrong password, and keeps passwords in files that only the owner can read', async () => {
    const url = new URL((await installation.run('db-url.ts')).stdout.trim());
    url.password = 'guessed';
    await expect(connect(url.href)).rejects.toThrow('password authentication failed');
    for (const file of ['secrets.json', 'running.json']) {
      expect(statSync(join(installation.root, 'var', file)).mode & 0o777).toBe(0o600);
    }
  });

  it('issues tokens only to users of the demo data', async () => {
    const token = await installation.run('token.ts', '--email', 'alice@example.com');
    expect(token.stdout.trimEnd().split('\n').at(-1)).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    const unknown = await installation.run('token.ts', '--email', 'nobody@example.com');
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('refuses a second start in the same folder', async () => {
    const second = await installation.start();
    expect(await second.ended).toBe(1);
    expect(second.stderr).toContain('already running');
    await bothReady();
  });

  it.each([
    ['api', 'apps/api/dist/main.js'],
    ['outbox-worker', 'apps/outbox-worker/dist/main.js'],
  ])('restarts %s after kill -9', async (name, main) => {
    const before = onlyPid(main);
    process.kill(before, 'SIGKILL');
    await start.waitForMessage(`${name} ended (SIGKILL)`);
    await start.waitForMessage(`${name} is ready again`);
    expect(onlyPid(main)).not.toBe(before);
    await bothReady();
  });

  it.each([
    ['PostgreSQL', 'bin/postgres\0-D'],
    ["PostgreSQL's guard", 'postgres/guard.ts'],
  ])('restarts the database after kill -9 of %s', async (_process, part) => {
    const offset = start.stderr.length;
    const [pid] = installation.pids(part);
    process.kill(pid!, 'SIGKILL');
    await waitFor('the database is back', () => start.stderr.slice(offset).includes('PostgreSQL is ready again'), 120_000);
    await bothReady();
  });

  it('stops gracefully on a double Ctrl-C, and leaves no process running', async () => {
    start.signal('SIGINT');
    start.signal('SIGINT');
    expect(await start.ended).toBe(0);
    expect(start.stderr.trimEnd().split('\n').at(-1)).toBe('[start] stopped.');
    expect(start.stderr).not.toContain('has not finished');
    expect(installation.pids()).toEqual([]);
    expect(existsSync(join(installation.root, 'var/postgres/postmaster.pid'))).toBe(false);
    expect(await installation.run('db-url.ts')).toMatchObject({ code: 1, stdout: '' });
    expect(await installation.run('token.ts', '--email', 'alice@example.com')).toMatchObject({ code: 1, stdout: '' });
  });

  it('leaves no processes behind after kill -9, and the next start succeeds', async () => {
    start = await installation.start();
    expect(await start.settled()).toBe('ready');
    const before = installation.pids();
    process.kill(start.pid, 'SIGKILL');
    await start.ended;
    const next = await installation.start(); // immediately, while the processes of the killed start are still ending
    expect(await next.settled()).toBe('ready');
    await bothReady();
    expect(installation.pids().filter((pid) => before.includes(pid))).toEqual([]);
    expect(await next.stop('SIGTERM')).toBe(0);
    expect(installation.pids()).toEqual([]);
  });
});
