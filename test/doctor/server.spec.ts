import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { examine } from '../../libs/database/src/doctor/doctor.js';
import { versionCheck } from '../../libs/database/src/doctor/server.checks.js';
import { startDatabaseServer } from '../support/database/database-server.js';
import { TcpProxy } from '../support/database/tcp.proxy.js';
import { TransactionPooler } from '../support/database/transaction.pooler.js';
import { DoctorFixture, fine, found, LIMITS } from '../support/doctor/doctor.fixture.js';
import { useFixture } from '../support/jest/use-fixture.js';

const doctor = useFixture(new DoctorFixture());
const withUrl = (change: Partial<URL>): NodeJS.ProcessEnv => ({
  DATABASE_URL: Object.assign(new URL(doctor.database.apiUrl), change).href,
});

/** The results if there is no connection: the one line says why. */
async function refusal(environment: NodeJS.ProcessEnv): Promise<unknown> {
  const { status, results } = await doctor.examine(environment);
  expect(status).toBe('failed');
  expect(results).toHaveLength(1);
  expect(results[0]!.detail).not.toContain('\n');
  return results[0];
}

describe('a connection that cannot be opened is one failure that says what to correct', () => {
  it('a wrong password', async () => {
    const environment = withUrl({ password: 'wrong-secret' });
    const result = await refusal(environment);
    expect(result).toMatchObject(
      found('failed', 'password authentication failed for user "pikaia_api"', 'Check the user and the password'),
    );
    expect(JSON.stringify(result)).not.toContain('wrong-secret');
  });

  it('a database that does not exist', async () => {
    expect(await refusal(withUrl({ pathname: '/absent' }))).toMatchObject(
      found('failed', 'database "absent" does not exist', 'Check the name'),
    );
  });

  it('a port on which nothing listens', async () => {
    expect(await refusal(withUrl({ port: '1' }))).toMatchObject(found('failed', 'ECONNREFUSED', 'Check the host and the port'));
  });

  it('a host that does not exist', async () => {
    expect(await refusal(withUrl({ hostname: 'database.invalid' }))).toMatchObject(
      found('failed', 'database.invalid', 'Check the host'),
    );
  });

  it('a server without TLS', async () => {
    expect(await refusal(withUrl({ search: '?sslmode=verify-full' }))).toMatchObject(found('failed', 'SSL', 'TLS on'));
  });

  it.each([
    { DATABASE_URL: '' },
    { DATABASE_URL: 'mysql://a:b@c/d' },
    { DATABASE_URL: '', DATABASE_HOST: 'db' },
    { DATABASE_URL: 'postgres://a:secret@c:99999999/d' },
  ])('settings that name no database: %j', async (environment) => {
    const result = await refusal(environment);
    expect(result).toMatchObject(found('failed', '', 'Set DATABASE_URL'));
    expect(JSON.stringify(result)).not.toContain('secret');
  });

  it('a server that accepts the connection and never responds', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const port = String((server.address() as AddressInfo).port);
      const { results } = await doctor.examine(withUrl({ port }), { limits: { ...LIMITS, connectMs: 300 } });
      expect(results).toMatchObject([found('failed', 'cannot be reached', 'Check the host')]);
    } finally {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });
});

it('a server that stops responding fails one check, and the others are skipped', async () => {
  const proxy = await TcpProxy.start(doctor.database.ownerUrl);
  try {
    proxy.dropResponsesTo('synchronous_commit');
    const { status, results } = await doctor.examine(
      { DATABASE_URL: proxy.proxyUrl(doctor.database.ownerUrl) },
      { limits: { ...LIMITS, checkMs: 1_000 } },
    );
    expect(status).toBe('failed');
    expect(results).toContainEqual(expect.objectContaining({ check: 'pooler', status: 'ok' }));
    expect(results.filter((result) => result.status === 'failed')).toMatchObject([
      found('failed', 'did not respond within 1000 ms', 'Check that the server runs'),
    ]);
    expect(results).toContainEqual(expect.objectContaining({ check: 'append-only', ...fine('skipped', 'The connection ended') }));
  } finally {
    await proxy.stop();
  }
});

it('a connection that ends after a check fails the next one, although no check has failed', async () => {
  const proxy = await TcpProxy.start(doctor.database.ownerUrl);
  try {
    proxy.dropResponsesTo('rollback');
    const environment = { DATABASE_URL: proxy.proxyUrl(doctor.database.ownerUrl) };
    const { status, results } = await doctor.examine(environment, { limits: { ...LIMITS, checkMs: 1_000 } });
    expect(status).toBe('failed');
    expect(results.filter((result) => result.status !== 'skipped')).toMatchObject([
      { check: 'connection', status: 'ok' },
      { check: 'server-version', ...found('failed', 'The connection ended before this check.', 'log of the server') },
    ]);
  } finally {
    await proxy.stop();
  }
});

it('a server that is too old fails', async () => {
  const query = () => Promise.resolve([{ number: 140_011, version: '14.11' }] as never);
  expect(await versionCheck.run({ query, environment: {}, processRoles: [], exported: [] })).toMatchObject(
    found('failed', 'PostgreSQL 14.11', 'PostgreSQL 15 or newer'),
  );
});

it('a pooler is a warning, and the other checks still work behind it', async () => {
  const pooler = await TransactionPooler.start(doctor.database.ownerUrl, 2);
  try {
    const { results } = await doctor.examine({ DATABASE_URL: pooler.proxyUrl(doctor.database.ownerUrl) });
    expect(results.filter(({ check }) => check === 'pooler')).toMatchObject([
      found('warning', 'pooler', 'the address of the server'),
    ]);
    expect(results.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(results).toContainEqual(expect.objectContaining({ check: 'append-only', status: 'ok' }));
  } finally {
    await pooler.stop();
  }
});

describe('synchronous_commit', () => {
  it('off for the role of a process fails, whichever role the doctor has', async () => {
    await doctor.plant(`alter role pikaia_worker in database ${doctor.databaseName} set synchronous_commit = 'no'`);
    for (const url of [doctor.database.ownerUrl, doctor.database.apiUrl]) {
      const results = await doctor.resultsOf('durability', { DATABASE_URL: url });
      expect(results).toMatchObject([found('failed', 'off for pikaia_worker:', 'reset synchronous_commit')]);
    }
  });

  it('off for the database fails for every role', async () => {
    await doctor.plant(`alter database ${doctor.databaseName} set synchronous_commit = off`);
    const [result] = await doctor.resultsOf('durability');
    expect(result).toMatchObject(found('failed', 'pikaia_api, pikaia_worker', 'synchronous_commit'));
  });
});

describe('the clock of this machine', () => {
  afterEach(() => jest.restoreAllMocks());

  it.each([
    [30_000, 'warning', /30\.\d s ahead of/],
    [-30_000, 'warning', /(29|30)\.\d s behind/],
    [-600_000, 'failed', /(599|600)\.\d s behind/],
  ] as const)('differs by %i ms', async (difference, status, detail) => {
    const { now } = Date;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + difference);
    const [result] = await doctor.resultsOf('clock');
    expect(result).toMatchObject({ status, detail: expect.stringMatching(detail), cure: expect.stringContaining('NTP') });
  });

  it('that agrees with the server passes', async () => {
    expect(await doctor.resultsOf('clock')).toMatchObject([fine('ok', 'differ by')]);
  });
});

it('a sound installation has no warning', async () => {
  const sound = await startDatabaseServer({ extraSettings: ['fsync=on'] });
  try {
    const { status, results } = await examine({
      environment: { DATABASE_URL: sound.ownerUrl },
      folder: __dirname,
      limits: LIMITS,
    });
    expect(results.filter((result) => result.status !== 'ok')).toMatchObject([
      found('warning', 'No sink is registered', 'Start the worker'),
      fine('skipped', 'No worker has registered a consumer'),
      fine('skipped', 'EVENT_SINKS does not name eventbridge'),
    ]);
    expect(status).toBe('warning');
    expect(results).toContainEqual(expect.objectContaining({ check: 'durability', detail: 'synchronous_commit is on.' }));
  } finally {
    await sound.drop();
  }
});
