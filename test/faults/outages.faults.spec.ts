import { startDatabaseServer, type TestDatabaseServer } from '../support/database-server.js';
import { System, type Answer } from '../support/system.js';
import { until } from '../support/until.js';

const ALICE = 'alice@example.com';
const LIMIT_MS = 45_000; // far beyond what it takes; a busy machine must not fail a test
const ROLES = ['api', 'worker'] as const;

jest.setTimeout(180_000);

/** Outages that a stopped server does not show: it refuses the processes, or it stays connected and says nothing. */
describe('api and worker whose database refuses them or is silent', () => {
  let database: TestDatabaseServer;
  let system: System;

  beforeAll(async () => {
    database = await startDatabaseServer();
    system = await System.start({
      database,
      environment: { OUTBOX_POLL_INTERVAL_MS: '200' },
    });
    await system.tokens([ALICE]);
  });
  afterAll(() => system.stop());

  it('answers 503 while the passwords of their roles are others, and works again without a restart when they are right', async () => {
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
    await until('both are ready', isReady, LIMIT_MS);
    expect((await invite('after@example.com')).status).toBe(201);
    await published('after@example.com');
    expectSameProcesses();
  });

  const invite = (email: string): Promise<Answer> =>
    system.request('POST', '/members/invitations', { as: ALICE, body: { email, role: 'member' } });

  function expectRetryInvited(answer: Answer): void {
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

  const published = (email: string): Promise<unknown> =>
    until(
      `the event of ${email} is published`,
      async () => {
        const rows = await system.query(
          `select from events_outboxevent where payload -> 'data' ->> 'email' = $1 and status = 'published'`,
          [email],
        );
        return rows.length;
      },
      LIMIT_MS,
    );

  async function endSessions(): Promise<void> {
    await system.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename in ('pikaia_api', 'pikaia_worker')`);
  }

  function expectSameProcesses(): void {
    const running = system.services.filter(({ child }) => child.exitCode === null && child.signalCode === null);
    expect(running).toHaveLength(2);
    expect(system.services.flatMap(({ stray }) => stray)).toEqual([]);
  }
});
