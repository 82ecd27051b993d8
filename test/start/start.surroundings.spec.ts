import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, type PostgresServer } from '../../scripts/postgres.ts';
import { chosenPorts } from '../../scripts/start/ports.ts';
import { connect } from '../support/database/database.js';
import { waitFor } from '../support/time/wait-for.js';
import { Installation } from './installation.js';

jest.setTimeout(150_000);

const isRoot = process.getuid?.() === 0;
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
    expect(impossible.stderr).toContain('ECONNREFUSED');
    const refused = await installation.start({ ...withKnownPasswords(), LOG_LEVEL: 'nonsense' });
    expect(await refused.ended).toBe(1);
    expect(refused.stderr).toMatch(/(api|outbox-worker) ended before it was ready/);
    expect(refused.stdout).toContain('LOG_LEVEL');
    await waitFor('no process is left', () => installation.pids().length === 0);
  });
});
