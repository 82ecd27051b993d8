import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { serverAccount } from '../../scripts/postgres/account.ts';
import { startFailure } from '../../scripts/postgres/start-failure.ts';
import { PlainError } from '../../scripts/start/plain-error.ts';
import { startPostgres, type PostgresServer } from '../../scripts/postgres.ts';
import { chosenPorts } from '../../scripts/start/ports.ts';
import { connect } from '../support/database/database.js';
import { waitFor } from '../support/time/wait-for.js';
import { Installation, type Start } from './installation.js';

const isRoot = process.getuid?.() === 0;
const lastLineOf = ({ stderr }: Start) => stderr.trimEnd().split('\n').at(-1)!;
const UNPRIVILEGED_USER = { uid: 65_534, gid: 65_534 };

it('allows only one of three concurrent starts, in a folder that other users cannot enter', async () => {
  const installation = new Installation('private', { mode: 0o700, ownServer: isRoot });
  try {
    const starts = await Promise.all([installation.start(), installation.start(), installation.start()]);
    const outcomes = await Promise.all(starts.map((start) => start.settled()));
    expect(outcomes.toSorted()).toEqual(['ended', 'ended', 'ready']);
    for (const start of starts.filter((_, index) => outcomes[index] === 'ended')) {
      expect(await start.ended).toBe(1);
      expect(start.stderr).toContain('already running');
    }
    const winner = starts[outcomes.indexOf('ready')]!;
    if (isRoot) expect(winner.stderr).toContain('its data are kept in');
    expect(await installation.get('api')).toBe(200);
    expect(await winner.stop()).toBe(0);
    expect(installation.pids()).toEqual([]);
    const next = await installation.start();
    expect(await next.settled()).toBe('ready'); // with the same data
    expect(next.stderr).not.toContain('migrations applied');
  } finally {
    await installation.remove();
  }
});

it.each(['1e3', '0x10', '0800', '+80', '80.0', '0', '65536', 'http'])('refuses PORT=%s and says what a port is', (port) => {
  const expected = `PORT is "${port}": it must be a port from 1 to 65535, in decimal digits.`;
  expect(() => chosenPorts({ PORT: port })).toThrow(expected);
  expect(() => chosenPorts({ WORKER_PORT: port })).toThrow(`WORKER_${expected}`);
});

// Only root can start a process as another user. For other users, all other tests already cover this case.
(isRoot ? it : it.skip)('starts for a user who is not root, and names a port that is in use', async () => {
  const installation = new Installation('not root', { user: UNPRIVILEGED_USER });
  const other = createServer();
  try {
    const { api } = await installation.ports();
    await new Promise<void>((done) => other.listen(api, done));
    const refused = await installation.start();
    expect(await refused.ended).toBe(1);
    expect(refused.stderr).toContain(`Port ${api} is in use`);
    expect(refused.stderr).toContain('PORT');
    await new Promise((done) => other.close(done));

    const start = await installation.start();
    expect(await start.settled()).toBe('ready');
    expect(await installation.get('worker')).toBe(200);
    expect(await start.stop()).toBe(0);
    expect(installation.pids()).toEqual([]);
  } finally {
    other.close();
    await installation.remove();
  }
});

describe('npm start with DATABASE_URL', () => {
  const withKnownPasswords = () => {
    const url = (role: string) => Object.assign(new URL(server.url), { username: role, password: 'known' }).href;
    return { DATABASE_URL: server.url, API_DATABASE_URL: url('pikaia_api'), WORKER_DATABASE_URL: url('pikaia_worker') };
  };
  const folder = mkdtempSync(join(tmpdir(), 'pikaia-external-'));
  const installation = new Installation('external');
  let server: PostgresServer;

  beforeAll(async () => {
    chmodSync(folder, 0o711);
    server = await startPostgres(join(folder, 'data'), { settings: ['fsync=off'] });
  });
  afterAll(async () => {
    await installation.remove();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('starts no embedded database, creates the roles, and reuses their passwords at the next start', async () => {
    for (const round of ['creates the roles', 'reuses the roles']) {
      const start = await installation.start({ DATABASE_URL: server.url });
      expect([round, await start.settled()]).toEqual([round, 'ready']);
      expect(await installation.get('api')).toBe(200);
      expect(installation.pids('guard.ts')).toEqual([]);
      expect((await installation.run('db-url.ts', '--role', 'api')).stdout).toContain(`pikaia_api`);
      expect(await start.stop()).toBe(0);
    }
    expect(existsSync(join(installation.root, 'var', 'postgres'))).toBe(false);
    expect(server.pid).toBeDefined();
  });

  it('does not change the password of a role that it did not create, and asks for the connection string', async () => {
    const client = await connect(server.url);
    for (const role of ['pikaia_api', 'pikaia_worker']) await client.query(`alter role ${role} password 'known'`);
    await client.end();
    const asks = await installation.start({ DATABASE_URL: server.url });
    expect(await asks.ended).toBe(1);
    expect(asks.stderr).toContain('Set API_DATABASE_URL');

    const start = await installation.start(withKnownPasswords());
    expect(await start.settled()).toBe('ready');
    await start.stop();
  });

  it('exits with a clear message if a process exits before it is ready, or if the database is unreachable', async () => {
    const impossible = await installation.start({ DATABASE_URL: server.url.replace(/:\d+\//, ':1/') });
    expect(await impossible.ended).toBe(1);
    expect(lastLineOf(impossible)).toMatch(
      /^\[start\] The database of DATABASE_URL cannot be reached \(.*ECONNREFUSED.*Check the host/,
    );
    expect(impossible.stderr).not.toContain('waiting for api');
    const refused = await installation.start({ ...withKnownPasswords(), LOG_LEVEL: 'nonsense' });
    expect(await refused.ended).toBe(1);
    expect(lastLineOf(refused)).toMatch(/(api|outbox-worker) ended before it was ready/);
    expect(refused.stdout).toContain('LOG_LEVEL');
    await waitFor('no process is left', () => installation.pids().length === 0);
  });

  it('refuses a limit of statements that is not written in decimal digits, before it changes the roles', async () => {
    const client = await connect(server.url);
    await client.query("alter role pikaia_api set statement_timeout = '7s'");
    const start = await installation.start({ ...withKnownPasswords(), DATABASE_STATEMENT_TIMEOUT_MS: '1e3' });
    expect(await start.ended).toBe(1);
    expect(start.stderr).toContain('DATABASE_STATEMENT_TIMEOUT_MS is "1e3"');
    expect(start.stderr).not.toContain('migrating');
    const { rows } = await client.query("select rolconfig from pg_roles where rolname = 'pikaia_api'");
    await client.end();
    expect(JSON.stringify(rows)).toContain('statement_timeout=7s');
  });
});

describe('npm start in a broken folder', () => {
  const installation = new Installation('broken', { week: true }); // SEED_WEEK comes from .env
  const inVar = (...path: string[]) => join(installation.root, 'var', ...path);

  beforeEach(() => mkdirSync(inVar(), { recursive: true }));
  afterEach(() => {
    for (const path of ['var', '.env']) rmSync(join(installation.root, path), { recursive: true, force: true });
  });
  afterAll(() => installation.remove());

  it.each([
    ['a lock file that is not an SQLite file', () => writeFileSync(inVar('one-start.sqlite'), 'x'.repeat(2000)), 'or delete it'],
    ['a lock file that is a folder', () => mkdirSync(inVar('one-start.sqlite')), 'or delete it'],
    ['a file in place of var', () => void (rmSync(inVar(), { recursive: true }), writeFileSync(inVar(), '')), 'var'],
    ['a .env that is a folder', () => mkdirSync(join(installation.root, '.env')), '.env cannot be read'],
    ['SEED_WEEK=no', () => writeFileSync(join(installation.root, '.env'), 'SEED_WEEK=no'), 'it must be on or off'],
    ['NODE_ENV=production', () => writeFileSync(join(installation.root, '.env'), 'NODE_ENV=production'), 'Unset NODE_ENV'],
    ['an unreadable secrets.json', () => writeFileSync(inVar('secrets.json'), '{"databaseOwner":'), 'restore the file'],
    ['a secrets.json without an object', () => writeFileSync(inVar('secrets.json'), 'null'), 'restore the file'],
    ['a file in place of the data folder', () => writeFileSync(inVar('postgres'), ''), 'not a complete PostgreSQL data folder'],
    [
      'a data folder whose creation was interrupted',
      () => mkdirSync(inVar('postgres', 'base'), { recursive: true }),
      'not a complete PostgreSQL data folder',
    ],
    [
      'a DATABASE_URL in .env that is not a connection string',
      () => writeFileSync(join(installation.root, '.env'), 'DATABASE_URL=nonsense'),
      'DATABASE_URL',
    ],
  ])('ends with one line that says what to do about %s', async (_, breakIt, advice) => {
    breakIt();
    const start = await installation.start();
    expect(await start.ended).toBe(1);
    const failure = start.stderr.split('\n').filter((line) => line.includes(advice));
    expect(failure).toHaveLength(1);
    expect(lastLineOf(start)).toBe(failure[0]);
    expect(start.stderr).not.toMatch(/^\s+at /m);
  });

  it('reports a running.json that cannot be read in one line', async () => {
    const lock = new DatabaseSync(inVar('one-start.sqlite'));
    lock.exec('begin exclusive');
    writeFileSync(inVar('running.json'), '{');
    const { code, stderr } = await installation.run('db-url.ts');
    lock.close();
    expect({ code, lines: stderr.trim().split('\n') }).toEqual({ code: 1, lines: [expect.stringContaining('running.json')] });
  });
});

describe('the embedded PostgreSQL', () => {
  let original: string;
  let folder: string;
  const data = () => join(folder, 'data');
  const start = () => startPostgres(data(), { password: 'known', settings: ['fsync=off'] });

  beforeAll(async () => {
    folder = original = mkdtempSync(join(tmpdir(), 'pikaia-original-'));
    chmodSync(original, 0o711);
    await (await start()).stop();
  });
  afterAll(() => rmSync(original, { recursive: true, force: true }));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pikaia-data-'));
    chmodSync(folder, 0o711);
    execFileSync('cp', ['-a', join(original, 'data'), data()]); // with its owner
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const lockFileOf = (pid: number) => `${pid}\n${data()}\n1700000000\n5432\n\n127.0.0.1\n\n`;

  it('starts although postmaster.pid names an unrelated living process of the same user', async () => {
    const unrelated = spawn('sleep', ['600'], { ...serverAccount(), stdio: 'ignore' });
    try {
      writeFileSync(join(data(), 'postmaster.pid'), lockFileOf(unrelated.pid!));
      const server = await start();
      expect(server.pid).not.toBe(unrelated.pid);
      await server.stop();
      expect(unrelated.exitCode).toBeNull();
    } finally {
      unrelated.kill();
    }
  });

  it.each(['', 'no number', '0'])('starts although postmaster.pid contains %j', async (content) => {
    writeFileSync(join(data(), 'postmaster.pid'), content);
    await (await start()).stop();
  });

  it.each([
    ['another version', () => writeFileSync(join(data(), 'PG_VERSION'), '15\n'), /holds data of PostgreSQL 15, and this is PostgreSQL 18\. Move/], // prettier-ignore
    ['no control file', () => rmSync(join(data(), 'global', 'pg_control')), /not a complete PostgreSQL data folder\. Restore it/],
    ['an empty PG_VERSION', () => writeFileSync(join(data(), 'PG_VERSION'), ''), /not a complete PostgreSQL data folder/],
    ['access for everyone', () => chmodSync(data(), 0o777), /invalid permissions.*Permissions should be/],
  ])('refuses a data folder with %s in one line that says what to do', async (_, breakIt, message) => {
    breakIt();
    const error = await start().catch((reason: unknown) => reason as Error);
    expect(error).toBeInstanceOf(PlainError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('\n');
  });

  it.each([
    ['no space', 'FATAL:  could not write lock file "postmaster.pid": No space left on device', 'The disk is full'],
    ['a read-only disk', 'FATAL:  could not open file "x": Read-only file system', 'Use a folder that can be written'],
    ['a port in use', 'LOG:  could not bind IPv4 address "127.0.0.1": Address already in use', 'Another program uses the port'],
    ['a second server', 'FATAL:  pre-existing shared memory block (key 1) is still in use', 'Another PostgreSQL uses the data'],
  ])('explains a failed start because of %s', (_, line, advice) => {
    expect(startFailure('postgres', '1', ['LOG:  starting', line], '/data').message).toContain(advice);
  });
});
