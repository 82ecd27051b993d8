import { migrateSchema } from '../../apps/api/src/database/schema.js';
import { connect } from '../support/database/database.js';
import { startDatabaseServer, type TestDatabaseServer } from '../support/database/database-server.js';
import { System, type ApiResponse } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com';
const STATEMENT_TIMEOUT_MS = 1_000; // plus five seconds of grace: the longest wait for a hanging server
const TEST_TIMEOUT_MS = 45_000; // far more than a test takes, for a busy machine
const ROLES = ['api', 'worker'] as const;

/** Outages other than a stopped server: it refuses the login, or it keeps the connections open without responding. */
describe('api and worker with a database that refuses or ignores them', () => {
  let database: TestDatabaseServer;
  let system: System;
  const frozen: number[] = [];

  beforeAll(async () => {
    database = await startDatabaseServer({ migrate: migrateSchema });
    system = await System.start({
      database,
      worker: false,
      environment: { OUTBOX_POLL_INTERVAL_MS: '200', DATABASE_STATEMENT_TIMEOUT_MS: String(STATEMENT_TIMEOUT_MS) },
    });
    await system.startWorker({ DATABASE_STATEMENT_TIMEOUT_MS: '' }); // the default allows database handlers their default timeout
    await system.tokens([ALICE]);
  });
  afterEach(() => thaw());
  afterAll(() => system.stop());

  it('respond 503 while the passwords are wrong, and recover without a restart when they are right', async () => {
    expect((await invite('before@example.com')).status).toBe(201);
    for (const role of ROLES) await system.query(`alter role pikaia_${role} password 'another'`);
    await endSessions();
    const refused = await Promise.all(Array.from({ length: 20 }, (_, n) => invite(`refused-${n}@example.com`)));
    for (const answer of refused) expectRetryInvited(answer);
    expect(await health()).toEqual({ live: 200, ready: 503, workerLive: 200, workerReady: 503 });
    expect(system.api.linesOf('unhandled_error')).toEqual([]);
    const reasons = system.api.linesOf('request_unavailable').map((line) => String(line['reason']));
    expect(reasons.some((reason) => reason.includes('password authentication failed'))).toBe(true);
    for (const role of ROLES) await system.query(`alter role pikaia_${role} password '${role}'`);
    await waitFor('api and worker are ready', isReady, TEST_TIMEOUT_MS);
    expect((await invite('after@example.com')).status).toBe(201);
    await waitUntilPublished('after@example.com');
    expectSameProcesses();
  });

  it('respond 503 and stay live while the server hangs, and recover when it continues', async () => {
    await freeze();
    const began = performance.now();
    const refused = await Promise.all(Array.from({ length: 30 }, (_, n) => invite(`silent-${n}@example.com`))); // three requests for each connection
    for (const answer of refused) expectRetryInvited(answer);
    expect(await health()).toEqual({ live: 200, ready: 503, workerLive: 200, workerReady: 503 });
    expectRetryInvited(await invite('new-connection@example.com'));
    expect(performance.now() - began).toBeLessThan(TEST_TIMEOUT_MS);
    thaw();
    await waitFor('api and worker are ready', isReady, TEST_TIMEOUT_MS);
    expect((await invite('awake@example.com')).status).toBe(201);
    await waitUntilPublished('awake@example.com');
    const rows = await system.query(`select from organizations_user where email like 'silent-%' or email like 'new-connection%'`);
    expect(rows).toEqual([]);
    expectSameProcesses();
    expect(system.api.linesOf('unhandled_error')).toEqual([]);
  });

  it('tell a client that the outcome of its change is unknown if the server hangs during COMMIT', async () => {
    await system.query(
      `create function wait_for_test() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock(15); return null; end'`,
    );
    await system.query(
      'create constraint trigger wait_for_test after insert on organizations_member deferrable initially deferred for each row execute function wait_for_test()',
    );
    const blocker = await connect(database.ownerUrl);
    await blocker.query('select pg_advisory_lock(15)');
    const invited = invite('unknown@example.com');
    const pid = await waitFor('COMMIT waits', async () => {
      const [found] = await system.query<{ pid: number }>(
        `select pid from pg_stat_activity where application_name = 'pikaia-api' and query = 'COMMIT' and wait_event_type = 'Lock'`,
      );
      return found?.pid;
    });
    signal(pid, 'SIGSTOP');
    const answer = await invited;
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBeNull();
    expect(answer.body).toMatchObject({ type: 'urn:pikaia:problem:outcome-unknown', correlation_id: expect.any(String) });
    await blocker.end();
    thaw();
    await waitFor('the server process has ended', async () => {
      const rows = await system.query('select from pg_stat_activity where pid = $1', [pid]);
      return rows.length === 0;
    });
    await system.query('drop function wait_for_test cascade');
    const rows = await system.query(`select from organizations_user where email = 'unknown@example.com'`);
    expect(rows).toHaveLength(1); // the server continued and committed
  });

  it('stop in time while the server hangs', async () => {
    await freeze();
    const [api, worker] = [system.api, system.worker];
    const ends = await Promise.all([api.stop(), worker.stop()]);
    expect(ends[0]).toBe(0);
    expect([0, 1]).toContain(ends[1]); // 1 after a forced stop at ten seconds
  });

  const invite = (email: string): Promise<ApiResponse> =>
    system.request('POST', '/members/invitations', { as: ALICE, body: { email, role: 'member' } });

  function expectRetryInvited(answer: ApiResponse): void {
    expect(answer).toMatchObject({ status: 503, body: { type: 'urn:pikaia:problem:unavailable' } });
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  }

  async function health(): Promise<object> {
    const { port } = system.worker;
    const [live, ready, workerLive, workerReady] = await Promise.all([
      system.request('GET', '/health/live'),
      system.request('GET', '/health/ready'),
      system.request('GET', '/health/live', { port }),
      system.request('GET', '/health/ready', { port }),
    ]);
    return { live: live.status, ready: ready.status, workerLive: workerLive.status, workerReady: workerReady.status };
  }

  const isReady = async (): Promise<boolean> => {
    const seen = (await health()) as { ready: number; workerReady: number };
    return seen.ready === 200 && seen.workerReady === 200;
  };

  const waitUntilPublished = (email: string): Promise<unknown> =>
    waitFor(
      `the event of ${email} is published`,
      async () => {
        const rows = await system.query(
          `select from events_outboxevent where payload -> 'data' ->> 'email' = $1 and status = 'published'`,
          [email],
        );
        return rows.length;
      },
      TEST_TIMEOUT_MS,
    );

  async function endSessions(): Promise<void> {
    await system.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename in ('pikaia_api', 'pikaia_worker')`);
  }

  /** Freezes the postmaster and the sessions of the test. The kernel still accepts connections, which get no response. */
  async function freeze(): Promise<void> {
    const sessions = `select pid from pg_stat_activity where usename in ('pikaia_api', 'pikaia_worker')`;
    const found = await system.query<{ pid: number }>(sessions); // before the freeze, since the query may need a new connection
    for (const pid of [database.server.pid!, ...found.map((session) => session.pid)]) signal(pid, 'SIGSTOP');
  }

  function signal(pid: number, name: 'SIGSTOP'): void {
    process.kill(pid, name);
    frozen.push(pid);
  }

  function thaw(): void {
    for (const pid of frozen.splice(0)) process.kill(pid, 'SIGCONT');
  }

  function expectSameProcesses(): void {
    const running = system.services.filter(({ child }) => child.exitCode === null && child.signalCode === null);
    expect(running).toHaveLength(2);
    expect(system.services.flatMap(({ nonJsonLines }) => nonJsonLines)).toEqual([]);
  }
});
