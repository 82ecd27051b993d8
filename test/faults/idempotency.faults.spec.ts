import { randomUUID } from 'node:crypto';
import { connect } from '../support/database/database.js';
import { TcpProxy } from '../support/database/tcp.proxy.js';
import { System, type ApiResponse } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com';

/** A client that got no response repeats its request with the same key. */
describe('a request with an Idempotency-Key whose response is lost', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start({ worker: false });
    await system.tokens([ALICE]);
  });
  afterAll(() => system.stop());

  it('has its stored response if the api was killed after the change and before the response', async () => {
    const { key, email } = newRequest();
    await system.query(
      `create function wait_for_test() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock(15); return null; end'`,
    );
    await system.query(
      'create constraint trigger wait_for_test after insert on organizations_member deferrable initially deferred for each row execute function wait_for_test()',
    );
    await killWhileBlocked('select pg_advisory_xact_lock(15)', 'COMMIT', key, email);
    await system.query('drop function wait_for_test cascade');
    const repeat = await invite(key, email);
    expect([repeat.status, isReplayed(repeat)]).toEqual([201, true]);
    expect(repeat.body).toMatchObject({ email, role: 'member', status: 'invited' });
    expect(await effectsOf(email)).toEqual({ members: 1, events: 1, entries: 1 });
  });

  it('is processed once if the api was killed before the commit', async () => {
    const { key, email } = newRequest();
    await killWhileBlocked('lock table organizations_member in share mode', 'INSERT INTO "organizations_member"', key, email);
    const repeat = await invite(key, email);
    expect([repeat.status, isReplayed(repeat)]).toEqual([201, false]);
    expect(isReplayed(await invite(key, email))).toBe(true);
    expect(await effectsOf(email)).toEqual({ members: 1, events: 1, entries: 1 });
  });

  it('is told that the outcome is unknown if the connection is lost at COMMIT, and its repeat resolves it', async () => {
    const { key, email } = newRequest();
    const proxy = await TcpProxy.start(system.database.apiUrl);
    try {
      await system.startApi({ DATABASE_URL: proxy.proxyUrl(system.database.apiUrl) });
      proxy.dropResponsesTo('COMMIT');
      const sent = invite(key, email);
      await waitFor('the commit', async () => (await effectsOf(email)).members === 1);
      proxy.disconnectAll();
      const unknown = await sent;
      expect([unknown.status, unknown.body['type']]).toEqual([503, 'urn:pikaia:problem:outcome-unknown']);
      expect(unknown.body['detail']).toContain('repeat it with the same key');
      const repeat = await invite(key, email);
      expect([repeat.status, isReplayed(repeat), repeat.body['email']]).toEqual([201, true, email]);
      expect(await effectsOf(email)).toEqual({ members: 1, events: 1, entries: 1 });
      await system.api.stop();
    } finally {
      await proxy.stop();
    }
  });

  it('is processed again if the database ended its session, because 503 is not stored', async () => {
    const { port } = await system.startApi();
    const { key, email } = newRequest();
    const blocker = await connect(system.database.ownerUrl);
    try {
      await blocker.query('begin; lock table organizations_member in share mode');
      const sent = invite(key, email, port);
      const pid = await waitForBlockedSession('INSERT INTO "organizations_member"');
      await system.query('select pg_terminate_backend($1)', [pid]);
      const failed = await sent;
      expect([failed.status, failed.body['type']]).toEqual([503, 'urn:pikaia:problem:unavailable']);
    } finally {
      await blocker.end();
    }
    const repeat = await invite(key, email, port);
    expect([repeat.status, isReplayed(repeat)]).toEqual([201, false]);
    expect(await effectsOf(email)).toEqual({ members: 1, events: 1, entries: 1 });
  });

  const newRequest = () => ({ key: randomUUID(), email: `${randomUUID()}@example.com` });

  const invite = (key: string, email: string, port = system.api.port): Promise<ApiResponse> =>
    system.request('POST', '/members/invitations', {
      as: ALICE,
      body: { email, role: 'member' },
      headers: { 'idempotency-key': key },
      port,
    });

  const isReplayed = ({ headers }: ApiResponse): boolean => headers.get('idempotent-replayed') === 'true';

  /** Kills the api while its request waits in `statement` for the lock that `lock` takes, frees the lock and starts the api again. */
  async function killWhileBlocked(lock: string, statement: string, key: string, email: string): Promise<void> {
    const blocker = await connect(system.database.ownerUrl);
    try {
      await blocker.query(`begin; ${lock}`);
      const cut = expect(invite(key, email)).rejects.toThrow();
      const pid = await waitForBlockedSession(statement);
      await system.api.kill();
      await cut;
      await blocker.query('commit');
      await waitFor('the server has noticed', async () => {
        const sessions = await system.query('select from pg_stat_activity where pid = $1', [pid]);
        return sessions.length === 0;
      });
    } finally {
      await blocker.end();
    }
    await system.startApi();
  }

  const waitForBlockedSession = (statement: string): Promise<number> =>
    waitFor(`a session waits in ${statement}`, async () => {
      const [found] = await system.query<{ pid: number }>(
        `select pid from pg_stat_activity
         where application_name = 'pikaia-api' and datname = current_database() and wait_event_type = 'Lock' and strpos(query, $1) > 0`,
        [statement],
      );
      return found?.pid;
    });

  async function effectsOf(email: string): Promise<{ members: number; events: number; entries: number }> {
    const [found] = await system.query<{ members: number; events: number; entries: number }>(
      `select (select count(*)::int from organizations_member where email = $1) as members,
         (select count(*)::int from outbox.outbox_log where payload -> 'data' ->> 'email' = $1) as events,
         (select count(*)::int from events_auditlog where diff -> 'new' ->> 'email' = $1) as entries`,
      [email],
    );
    return found!;
  }
});
