import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import pg from 'pg';
import { ServiceProcess } from '../support/system/service.process.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com';
const TEST_TIMEOUT_MS = 240_000;

let system: System;

beforeAll(async () => {
  system = await System.start();
}, TEST_TIMEOUT_MS);
afterAll(() => system.stop());

type App = 'api' | 'outbox-worker';

interface Failure {
  readonly what: string;
  readonly app?: App;
  readonly environment: () => NodeJS.ProcessEnv;
  /** Texts that the line must contain. */
  readonly names: readonly string[];
}

const FAILURES: readonly Failure[] = [
  {
    what: 'settings that are missing or impossible',
    environment: () => ({ DATABASE_URL: '', PORT: 'abc' }),
    names: ['PIKAIA_SETTINGS_INVALID', 'DATABASE_URL is not set', 'PORT is \\"abc\\"'],
  },
  {
    what: 'a sink that does not exist',
    app: 'outbox-worker',
    environment: () => ({ EVENT_SINKS: 'local,pigeon', DATABASE_URL: system.database.workerUrl }),
    names: ['PIKAIA_EVENT_SINK_UNKNOWN', 'EVENT_SINKS', 'pigeon'],
  },
  {
    what: "the owner's connection string",
    environment: () => ({ DATABASE_URL: system.database.ownerUrl }),
    names: ['PIKAIA_DATABASE_ROLE_TOO_POWERFUL'],
  },
  {
    what: "the owner's connection string",
    app: 'outbox-worker',
    environment: () => ({ DATABASE_URL: system.database.ownerUrl }),
    names: ['PIKAIA_DATABASE_ROLE_TOO_POWERFUL'],
  },
  {
    what: 'a database that is away',
    environment: () => ({ DATABASE_URL: 'postgres://pikaia_api:a-password@127.0.0.1:1/nothing' }),
    names: ['ECONNREFUSED'],
  },
  {
    what: 'the development issuer in production',
    environment: () => ({ NODE_ENV: 'production', CURSOR_SECRET: 'a secret of the tests, long enough for it' }),
    names: ['PIKAIA_DEVELOPMENT_SESSIONS_IN_PRODUCTION'],
  },
  { what: 'a port in use', environment: () => ({ PORT: String(system.api.port) }), names: ['EADDRINUSE'] },
  {
    what: 'trusted proxies that are none',
    environment: () => ({ TRUSTED_PROXIES: 'everybody' }),
    names: ['PIKAIA_TRUSTED_PROXIES_INVALID', 'TRUSTED_PROXIES'],
  },
];

describe('a process that cannot start', () => {
  it.each(FAILURES)(
    'prints one line with the reason and exits with 1: $what',
    async ({ app = 'api', environment, names }) => {
      const service = ServiceProcess.launch(app, { ...system.settings(system.database.apiUrl), ...environment() });
      expect(await service.exited).toBe(1);
      await waitFor('the log line of the failed start', () => service.lines.length > 0);
      expect(service.nonJsonLines).toEqual([]);
      expect(service.lines).toEqual([expect.objectContaining({ level: 'CRITICAL', event: 'startup_failed' })]);
      for (const name of names) expect(service.text()).toContain(name);
      expect(service.text()).not.toContain('a-password');
    },
    TEST_TIMEOUT_MS,
  );
});

describe('health checks', () => {
  it('report both processes live and ready, and are not logged', async () => {
    for (const { port } of [system.api, system.worker]) {
      expect(await system.request('GET', '/health/live', { port })).toMatchObject({ status: 200, body: { status: 'ok' } });
      const ready = await system.request('GET', '/health/ready', { port });
      expect(ready).toMatchObject({ status: 200, body: { status: 'ok', checks: { database: 'ok' } } });
    }
    expect(system.lines.filter((line) => String(line['http.url_details.path']).startsWith('/health'))).toEqual([]);
  });

  it('report not ready without the database, log that once, and recover without a restart', async () => {
    const name = new URL(system.database.ownerUrl).pathname.slice(1);
    await system.query(`alter database ${name} connection limit 0`); // superusers are exempt
    await system.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename in ('pikaia_api', 'pikaia_worker')`,
    );
    for (const { port } of [system.api, system.worker]) {
      const ready = () => system.request('GET', '/health/ready', { port });
      await waitFor('the readiness check responds 503', async () => (await ready()).status === 503);
      const answer = await ready();
      expect(answer).toMatchObject({ status: 503 });
      expect(answer.headers.get('retry-after')).toBe('1');
      expect((await system.request('GET', '/health/live', { port })).status).toBe(200);
    }
    const refused = await system.request('GET', '/me', { as: ALICE });
    expect(refused.body).toMatchObject({
      status: 503,
      type: 'urn:pikaia:problem:unavailable',
      correlation_id: expect.any(String),
    });
    expect(refused.headers.get('retry-after')).toBe('2');
    expect(JSON.stringify(refused.body)).not.toMatch(/connection|database|pikaia_api/i);

    await system.query(`alter database ${name} connection limit -1`);
    for (const service of [system.api, system.worker]) {
      await waitFor(
        'ready again',
        async () => (await system.request('GET', '/health/ready', { port: service.port })).status === 200,
      );
      const states = () => service.lines.filter(({ event }) => event === 'health_changed').map((line) => line['health.status']);
      await waitFor('the log lines of both state changes', () => states().length >= 2);
      expect(states()).toEqual(['database_unavailable', 'ready']);
    }
    expect((await system.request('GET', '/me', { as: ALICE })).status).toBe(200);
  });
});

describe('SIGTERM', () => {
  let owner: pg.Client;

  beforeAll(async () => {
    owner = new pg.Client({ connectionString: system.database.ownerUrl });
    await owner.connect();
  });
  afterAll(() => owner.end());

  /** Runs `meanwhile` while the transaction of an invitation waits for the lock of the organization. */
  async function whileWaiting(
    port: number,
    email: string,
    meanwhile: () => Promise<void>,
    signal?: AbortSignal,
  ): Promise<Response> {
    await owner.query('begin');
    await owner.query('select from organizations_organization for update');
    const answer = fetch(`http://127.0.0.1:${port}/api/v1/members/invitations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await system.token(ALICE)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ email, role: 'member' }),
      ...(signal && { signal }),
    });
    answer.catch(() => undefined); // the caller checks the rejection
    await waitFor('the invitation waits for the lock', async () => {
      const waiting = await system.query(
        `select from pg_stat_activity where datname = current_database() and usename = 'pikaia_api' and wait_event_type = 'Lock'`,
      );
      return waiting.length > 0;
    });
    await meanwhile();
    await owner.query('commit');
    return answer;
  }

  const written = (email: string) =>
    system.query(
      `select from organizations_member m join organizations_user u on u.id = m.user_id
       join outbox.outbox_log l on l.aggregate_id = m.id::text join audit.record r on r.aggregate_id = m.id::text
       where u.email = $1`,
      [email],
    );

  it(
    'lets a running request finish, even if the signal arrives twice, and ends the process with 0',
    async () => {
      const api = await system.startApi();
      const answer = await whileWaiting(api.port, 'slow@example.com', async () => {
        api.child.kill('SIGTERM');
        await waitFor('the process is stopping', () => api.lines.some(({ event }) => event === 'process_stopping'));
        api.child.kill('SIGTERM');
        await waitFor('the server refuses new connections', () =>
          fetch(`http://127.0.0.1:${api.port}/health/ready`).then(
            () => false,
            () => true,
          ),
        );
      });
      expect(answer.status).toBe(201);
      expect(await answer.json()).toMatchObject({ email: 'slow@example.com' });
      expect(await api.exited).toBe(0);
      expect(await written('slow@example.com')).toHaveLength(1);
      await waitFor('the last log line', () => api.lines.at(-1)?.['event'] === 'process_stopped');
      expect(api.lines.filter(({ level }) => level !== 'INFO')).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'lets a handler finish its transaction after its client disconnected',
    async () => {
      const api = await system.startApi();
      const client = new AbortController();
      const answer = whileWaiting(
        api.port,
        'gone@example.com',
        async () => {
          client.abort();
          await waitFor('the client is gone', () => api.lines.some(({ event }) => event === 'request_aborted'));
          api.child.kill('SIGTERM');
          await waitFor('the process is stopping', () => api.lines.some(({ event }) => event === 'process_stopping'));
        },
        client.signal,
      );
      await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
      expect(await api.exited).toBe(0);
      expect(await written('gone@example.com')).toHaveLength(1);
      await waitFor('the last log line', () => api.lines.at(-1)?.['event'] === 'process_stopped');
      expect(api.lines.filter(({ level }) => level !== 'INFO')).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  it.each(['api', 'outbox-worker'] as const)(
    'stops the %s without force while clients hold connections with no request or half a request',
    async (app) => {
      const service = await (app === 'api' ? system.startApi() : system.startWorker());
      const unfinished = [
        ...Array<string>(10).fill(''),
        'GET /health/live HTTP/1.1\r\nHost: a\r\nX-Sl',
        'POST /api/v1/members/invitations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
        'GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n', // an idle keep-alive connection
      ];
      const sockets = unfinished.map((sent) => {
        const socket = connect(service.port, '127.0.0.1').on('error', () => undefined); // the worker resets these connections
        socket.write(sent);
        return socket.resume();
      });
      await Promise.all(sockets.map((socket) => once(socket, 'connect')));
      expect((await system.request('GET', '/health/live', { port: service.port })).status).toBe(200); // proves that the connections were accepted
      expect(await service.stop()).toBe(0); // it would be 1 after ten seconds
      expect(service.lines.filter(({ level }) => level !== 'INFO')).toEqual([]);
      for (const socket of sockets) socket.destroy();
    },
    TEST_TIMEOUT_MS,
  );

  it.each(['api', 'outbox-worker'] as const)(
    'ends the %s with 0 while it waits for an unresponsive database at its start',
    async (app) => {
      const database = createServer().listen(0, '127.0.0.1');
      await once(database, 'listening');
      const { port } = database.address() as AddressInfo;
      const settings = { ...system.settings(`postgres://pikaia_api:a@127.0.0.1:${port}/nothing`) };
      const connected = once(database, 'connection') as Promise<[Socket]>;
      const service = ServiceProcess.launch(app, settings);
      const [socket] = await connected;
      socket.on('error', () => undefined);
      service.child.kill('SIGTERM');
      expect(await service.exited).toBe(0); // it would be 1 after ten seconds
      expect(service.lines.map(({ event }) => event)).toEqual(['process_stopping', 'process_stopped']);
      socket.destroy();
      database.close();
    },
    TEST_TIMEOUT_MS,
  );

  it('stops the parts of the worker in order', async () => {
    expect(await system.worker.stop()).toBe(0);
    await waitFor('the last log line', () => system.worker.lines.at(-1)?.['event'] === 'process_stopped');
  });
});
