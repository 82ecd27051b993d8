import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '../support/database/database.js';
import type { LogLine, ServiceProcess } from '../support/system/service.process.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com';
const CONSUMER = 'welcome-email';
const SINK = `local/${CONSUMER}`;
const LEADER_TIMEOUT_MS = 1500;
const WAIT_TIMEOUT_MS = 60_000; // ten times what a wait takes, for a busy machine

/** Kills and freezes the worker. No event is lost, and no email is sent twice. */
describe('an outbox worker', () => {
  let system: System;
  let first: ServiceProcess;
  /** The event whose receipt the test deletes, which proves that the check detects a duplicate email. */
  let planted: string;

  beforeAll(async () => {
    system = await System.start({
      environment: { LOG_LEVEL: 'debug', OUTBOX_LEADER_TIMEOUT_MS: String(LEADER_TIMEOUT_MS), OUTBOX_POLL_INTERVAL_MS: '200' },
    });
    first = system.worker;
    await system.token(ALICE);
  });
  afterAll(() => system.stop());

  it('that is killed between the email and its cursor delivers the event again, and the email is not sent twice', async () => {
    expect(await first.stop()).toBe(0);
    // A leader stores its first change at once and the next one ten seconds later. The kill comes in between.
    const victim = await system.startWorker({ OUTBOX_STORE_INTERVAL_MS: '10000', OUTBOX_LEADER_TIMEOUT_MS: '10000' });
    await waitUntilPublished(await invite('stored@example.com'));
    const event = await invite('unstored@example.com');
    planted = await invite('planted@example.com');
    const [receipt] = await Promise.all([received(event), received(planted)]);
    await victim.kill();
    expect(await statusOf(event)).toBe('pending'); // the kill came before the cursor was stored
    expect(sentBy(victim, event)).toHaveLength(1);
    await system.query('delete from outbox.consumer_receipt where event_id = $1', [planted]); // the receipt prevents the duplicate

    const successor = await system.startWorker();
    await waitUntilPublished(event);
    await waitUntilPublished(planted);
    await waitFor('the new worker finds the receipt', () =>
      linesAbout(successor, event).some((line) => line['event'] === 'event_handled_before' && line['consumer'] === CONSUMER),
    );
    expect(sentBy(successor, event)).toEqual([]);
    expect(await received(event)).toEqual(receipt);
    await expectEmailsOnce();
  });

  it('that is frozen while it leads is replaced, and becomes a standby when it continues', async () => {
    await system.startWorker();
    const [frozen, other] = await leaderAndOther();
    const before = await invite('before@example.com');
    await waitUntilPublished(before);
    await waitFor('the leader has sent an email', () => sentBy(frozen, before).length === 1);
    frozen.freeze();
    const during = await invite('during@example.com');
    await waitUntilLeader(other);
    await waitUntilPublished(during);
    await waitFor('the other worker has sent the email', () => sentBy(other, during).length === 1);
    expect(sentBy(frozen, during)).toEqual([]);

    frozen.thaw();
    await waitFor(
      'the frozen worker reports the lost leadership',
      () => frozen.linesOf('leader_lost').some(({ sink }) => sink === SINK),
      WAIT_TIMEOUT_MS,
    );
    await waitFor('the frozen worker is a standby', async () => (await sinkState(frozen)) === 'standby', WAIT_TIMEOUT_MS);
    const after = await invite('after@example.com');
    await waitUntilPublished(after);
    expect(sentBy(frozen, after)).toEqual([]);
    await expectEmailsOnce();
  });

  // The store is one statement, so the server commits it while the process is frozen, and then gets no next message.
  it('that is frozen while it stores its cursor loses the leadership, and no event is lost or repeated', async () => {
    const [frozen, other] = await leaderAndOther();
    const blocker = await connect(system.database.ownerUrl);
    try {
      await blocker.query('begin; lock table outbox.outbox_progress in share mode');
      const event = await invite('storing@example.com');
      await waitFor('the store of the cursor waits', storeWaits, WAIT_TIMEOUT_MS);
      frozen.freeze();
      await blocker.query('commit');
      await waitUntilLeader(other);
      await waitUntilPublished(event);
      expect(sentBy(other, event)).toEqual([]);
    } finally {
      await blocker.end();
    }
    const [numbers] = await system.query<{ gapless: boolean }>(
      `select count(*) = max(number) + 1 as gapless from outbox.outbox_progress where sink = $1`,
      [SINK],
    );
    expect(numbers!.gapless).toBe(true);

    frozen.thaw();
    await waitFor('the frozen worker is a standby', async () => (await sinkState(frozen)) === 'standby', WAIT_TIMEOUT_MS);
    await expectEmailsOnce();
  });

  async function invite(email: string): Promise<string> {
    const answer = await system.request('POST', '/members/invitations', { as: ALICE, body: { email, role: 'member' } });
    expect(answer.status).toBe(201);
    const [row] = await system.query<{ event_id: string }>('select event_id from outbox.outbox_log where correlation_id = $1', [
      answer.headers.get('x-correlation-id'),
    ]);
    return row!.event_id;
  }

  async function statusOf(event: string): Promise<string> {
    const [row] = await system.query<{ status: string }>('select status from events_outboxevent where event_id = $1', [event]);
    return row!.status;
  }

  const waitUntilPublished = (event: string): Promise<true> =>
    waitFor('the event is published', async () => (await statusOf(event)) === 'published', WAIT_TIMEOUT_MS);

  const received = (event: string): Promise<unknown> =>
    waitFor(
      'the receipt',
      async () => {
        const sql = `select * from outbox.consumer_receipt where event_id = $1 and consumer = $2 and state = 'done'`;
        return (await system.query(sql, [event, CONSUMER]))[0];
      },
      WAIT_TIMEOUT_MS,
    );

  const storeWaits = async (): Promise<boolean> => {
    const found = await system.query(
      `select from pg_stat_activity where datname = current_database() and application_name = $1
         and wait_event_type = 'Lock' and query like '%insert into outbox.outbox_progress%'`,
      [`pikaia-relay ${SINK}`],
    );
    return found.length > 0;
  };

  const linesAbout = (worker: ServiceProcess, event: string): LogLine[] =>
    worker.lines.filter((line) => line['event.id'] === event);

  const sentBy = (worker: ServiceProcess, event: string): LogLine[] =>
    linesAbout(worker, event).filter((line) => line['event'] === 'welcome_email_sent');

  const waitUntilLeader = (worker: ServiceProcess): Promise<true> =>
    waitFor(
      'it leads',
      () =>
        worker.lines.findLast(({ event, sink }) => sink === SINK && (event === 'leader_acquired' || event === 'leader_lost'))?.[
          'event'
        ] === 'leader_acquired',
      WAIT_TIMEOUT_MS,
    );

  const sinkState = async (worker: ServiceProcess): Promise<string> => {
    const { body } = await system.request('GET', '/health/ready', { port: worker.port });
    return (body['sinks'] as { sink: string; state: string }[]).find(({ sink }) => sink === SINK)!.state;
  };

  async function leaderAndOther(): Promise<[ServiceProcess, ServiceProcess]> {
    const [one, two] = system.services.slice(-2) as [ServiceProcess, ServiceProcess];
    return waitFor(
      'one of them leads',
      async () => {
        if ((await sinkState(one)) === 'leading') return [one, two];
        return (await sinkState(two)) === 'leading' && [two, one];
      },
      WAIT_TIMEOUT_MS,
    );
  }

  /** Expects one email for each event. Only the event with the deleted receipt has a duplicate, over all workers. */
  async function expectEmailsOnce(): Promise<void> {
    const emails = readdirSync(join(system.directory, 'mail')).map((file) => file.replace('.eml', ''));
    const sent = () => system.lines.filter(({ event }) => event === 'welcome_email_sent').map((line) => line['event.id']);
    await waitFor('the log lines have been read', () => sent().length > emails.length, WAIT_TIMEOUT_MS);
    expect(sent().toSorted()).toEqual([...emails, planted].toSorted());
  }
});
