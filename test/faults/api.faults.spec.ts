import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { migrateSchema } from '../../apps/api/src/database/schema.js';
import { connect } from '../support/database/database.js';
import { startDatabaseServer, type TestDatabaseServer } from '../support/database/database-server.js';
import { InvitationLoad } from '../support/system/invitation-load.js';
import { invitationFlaws, readInvitations, type InvitationRecords } from '../support/system/invitation-records.js';
import { seededRandom } from '../support/random/seeded-random.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com';
const GINA = 'gina@example.com';
const SEED = Number(process.env['PIKAIA_SEED'] ?? 15);
const WAIT_TIMEOUT_MS = 60_000; // for a busy machine
const CLAIM_DURATION_MS = 40_000; // an email whose claim got no response is sent after the claim expires
const TERMINATIONS = 25;

/** After any fault of the api or its database, a change has its event and its audit entry, or none of them exists. */
describe('the api after a crash of its process or its database', () => {
  let database: TestDatabaseServer;
  let system: System;

  beforeAll(async () => {
    database = await startDatabaseServer({ migrate: migrateSchema });
    system = await System.start({ database, environment: { OUTBOX_POLL_INTERVAL_MS: '200' } });
    await system.tokens([ALICE, GINA]);
  });
  afterAll(() => system.stop());

  it('leaves neither change nor event nor entry when it is killed inside the transaction, and works after a restart', async () => {
    const email = 'killed@example.com';
    const kept = await whileBlocked('lock table organizations_member in share mode', async (release) => {
      const cut = expect(invite(email)).rejects.toThrow();
      const session = await waitForBlockedSession('INSERT INTO "organizations_member"'); // the user is written before
      await system.api.kill();
      await cut;
      await release();
      await waitFor('the server has noticed', async () => !(await isSessionAlive(session)), WAIT_TIMEOUT_MS);
      return effectsOf(email);
    });
    expect(kept).toEqual({ users: 0, events: 0, entries: 0 });
    await system.startApi();
    expect((await invite(email)).status).toBe(201);
    expect(await effectsOf(email)).toEqual({ users: 1, events: 1, entries: 1 });
  });

  it('leaves the change with its event and entry when it is killed during the commit', async () => {
    const email = 'committed@example.com';
    await system.query(
      `create function wait_for_test() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock(15); return null; end'`,
    );
    await system.query(
      'create constraint trigger wait_for_test after insert on organizations_member deferrable initially deferred for each row execute function wait_for_test()',
    );
    const kept = await whileBlocked('select pg_advisory_xact_lock(15)', async (release) => {
      const cut = expect(invite(email)).rejects.toThrow();
      const session = await waitForBlockedSession('COMMIT');
      await system.api.kill();
      await cut;
      await release();
      await waitFor('the server has noticed', async () => !(await isSessionAlive(session)), WAIT_TIMEOUT_MS);
      return effectsOf(email);
    });
    await system.query('drop function wait_for_test cascade');
    expect(kept).toEqual({ users: 1, events: 1, entries: 1 });
    await system.startApi();
  });

  it('reports an unreachable database, and is ready again when the database returns', async () => {
    expect(await health()).toEqual({ live: 200, ready: 200 });
    await database.server.stop();
    expect(await health()).toEqual({ live: 200, ready: 503 });
    const refused = await system.request('GET', '/me', { as: ALICE });
    expect(refused.status).toBe(503);
    expect((await system.request('GET', '/health/ready', { port: system.worker.port })).status).toBe(503);
    expect((await system.request('GET', '/health/live', { port: system.worker.port })).status).toBe(200);
    await database.server.start();
    await waitFor('the api is ready', async () => (await health()).ready === 200, WAIT_TIMEOUT_MS);
    const changes = () => system.api.linesOf('health_changed').map((line) => line['health.status']);
    await waitFor('the api logs that it is ready', () => changes().includes('ready'));
    expect(changes()).toEqual(['database_unavailable', 'ready']); // each is logged once, regardless of the number of requests
  });

  describe('under load', () => {
    let load: InvitationLoad;
    let records: InvitationRecords;
    let made: { memberId: string; correlationId: string }[];

    beforeAll(async () => {
      load = new InvitationLoad(system, [ALICE, GINA]);
      try {
        await answers(201, 20);
        await database.server.kill();
        await answers(503, 12);
        await database.server.start();
        await answers(201, 20);
        await database.server.stop();
        await answers(503, 12);
        await database.server.start();
        await answers(201, 20);
        const random = seededRandom(SEED);
        for (let count = 0; count < TERMINATIONS; count++) {
          await terminateOne(random);
          await answers(201, 2);
        }
      } finally {
        await load.stop();
      }
      made = load.withStatus(201).map(({ answer, correlationId }) => ({ memberId: String(answer.body['id']), correlationId }));
      records = await readInvitations((sql) => system.query(sql));
    });

    it('responds with 503, Retry-After and problem details to each request that it cannot serve, and with no other error', () => {
      const others = load.responses.filter(({ answer }) => answer.status !== 201 && answer.status !== 503);
      const faults = system.api.linesOf('unhandled_error').map((line) => line['error.stack']);
      expect({ others: others.map(({ answer }) => answer.body), faults }).toEqual({ others: [], faults: [] });
      for (const { answer, correlationId } of load.withStatus(503)) {
        // The outcome of a COMMIT without a response is unknown, so a client must not blindly retry.
        if (answer.body['type'] === 'urn:pikaia:problem:outcome-unknown') expect(answer.headers.get('retry-after')).toBeNull();
        else expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
        expect(answer.headers.get('content-type')).toContain('application/problem+json');
        expect(answer.body).toMatchObject({ status: 503, correlation_id: correlationId });
      }
    });

    it('leaves a row, an event and an audit entry for each successful response, or none of them', () => {
      expect(made.length).toBeGreaterThan(100);
      expect(invitationFlaws(records, made)).toEqual([]);
    });

    it.each([
      ['row', (kept: InvitationRecords) => ({ ...kept, rows: kept.rows.slice(1) })],
      ['event', (kept: InvitationRecords) => ({ ...kept, events: kept.events.slice(1) })],
      ['entry', (kept: InvitationRecords) => ({ ...kept, entries: kept.entries.slice(1) })],
      ['second entry', (kept: InvitationRecords) => ({ ...kept, entries: [...kept.entries, kept.entries[0]!] })],
    ])('the check reports a missing or duplicate %s', (_, plant) => {
      expect(invitationFlaws(plant(records), made)).toHaveLength(1);
    });

    it('the check reports successful responses without a row, an event and an audit entry', () => {
      const [one] = made;
      const without = <T extends { memberId: string }>(found: readonly T[]) =>
        found.filter(({ memberId }) => memberId !== one!.memberId);
      const lost = {
        rows: records.rows.filter((id) => id !== one!.memberId),
        events: without(records.events),
        entries: without(records.entries),
      };
      expect(invitationFlaws(lost, made)).toHaveLength(1);
    });

    it('has each event delivered, and one email sent for it', async () => {
      await waitFor(
        'all are published',
        async () => {
          const open = await system.query(
            `select from events_outboxevent where event_type = 'member.invited' and status <> 'published'`,
          );
          return open.length === 0;
        },
        CLAIM_DURATION_MS + WAIT_TIMEOUT_MS,
      );
      const invited = `select event_id from outbox.outbox_log where event_type = 'member.invited'`;
      const events = (await system.query<{ event_id: string }>(invited)).map((row) => row.event_id).sort();
      const emails = readdirSync(join(system.directory, 'mail'))
        .map((file) => file.replace('.eml', ''))
        .sort();
      expect(emails).toEqual(events);
      const sent = () =>
        system.worker
          .linesOf('welcome_email_sent')
          .map((line) => line['event.id'] as string)
          .sort();
      await waitFor('the log lines have been read', () => sent().length >= events.length, WAIT_TIMEOUT_MS);
      expect(sent()).toEqual(events);
    });

    it('keeps running in the same processes', () => {
      expect(system.services.filter(({ child }) => child.exitCode === null && child.signalCode === null)).toEqual([
        system.worker,
        system.api,
      ]);
      expect(system.services.flatMap(({ nonJsonLines }) => nonJsonLines)).toEqual([]);
    });

    /** Waits for `count` more responses with the status. */
    async function answers(status: number, more: number): Promise<void> {
      const goal = load.withStatus(status).length + more;
      await waitFor(`${goal} answers ${status}`, () => load.withStatus(status).length >= goal, WAIT_TIMEOUT_MS);
    }

    /** Terminates one database session of api or worker. */
    async function terminateOne(random: () => number): Promise<void> {
      const sessions = await system.query<{ pid: number }>(
        `select pid from pg_stat_activity where usename in ('pikaia_api', 'pikaia_worker') order by application_name, pid`,
      );
      const one = sessions[Math.floor(random() * sessions.length)];
      if (one) await system.query('select pg_terminate_backend($1)', [one.pid]);
    }
  });

  const invite = (email: string) =>
    system.request('POST', '/members/invitations', { as: ALICE, body: { email, role: 'member' } });

  async function health(): Promise<{ live: number; ready: number }> {
    const [live, ready] = await Promise.all([system.request('GET', '/health/live'), system.request('GET', '/health/ready')]);
    return { live: live.status, ready: ready.status };
  }

  /** Runs `work` while another session holds the lock that `statement` takes. `release` frees it before the end. */
  async function whileBlocked<T>(statement: string, work: (release: () => Promise<unknown>) => Promise<T>): Promise<T> {
    const blocker = await connect(database.ownerUrl);
    try {
      await blocker.query('begin');
      await blocker.query(statement);
      return await work(() => blocker.query('commit'));
    } finally {
      await blocker.end();
    }
  }

  const waitForBlockedSession = (statement: string): Promise<number> =>
    waitFor(
      `a session waits in ${statement}`,
      async () => {
        const [found] = await system.query<{ pid: number }>(
          `select pid from pg_stat_activity where application_name = 'pikaia-api' and wait_event_type = 'Lock' and strpos(query, $1) > 0`,
          [statement],
        );
        return found?.pid;
      },
      WAIT_TIMEOUT_MS,
    );

  const isSessionAlive = async (pid: number): Promise<boolean> =>
    (await system.query('select from pg_stat_activity where pid = $1', [pid])).length > 0;

  async function effectsOf(email: string): Promise<object> {
    const [left] = await system.query(
      `select (select count(*)::int from organizations_user where email = $1) as users,
         (select count(*)::int from outbox.outbox_log where payload -> 'data' ->> 'email' = $1) as events,
         (select count(*)::int from events_auditlog where diff -> 'new' ->> 'email' = $1) as entries`,
      [email],
    );
    return left!;
  }
});
