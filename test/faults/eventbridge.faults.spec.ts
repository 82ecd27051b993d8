import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, withConnection } from '../support/database/database.js';
import { NO_FLAWS, historyFlaws } from '../support/outbox/event.history.js';
import { EventBusStub, type Fault, type PutEntry } from '../support/aws/event-bus.stub.js';
import { insertEvent } from '../support/outbox/events.js';
import { reportProof } from '../support/random/proof.report.js';
import { seededRandom } from '../support/random/seeded-random.js';
import { System } from '../support/system/system.js';
import { pollUntil, waitFor } from '../support/time/wait-for.js';

// PIKAIA_PROOF_SECONDS sets the duration. PIKAIA_PROOF_SEED repeats the random choices of a run.
const SECONDS = Number(process.env['PIKAIA_PROOF_SECONDS'] ?? 0);
const SEED = Number(process.env['PIKAIA_PROOF_SEED'] ?? randomInt(2 ** 31));
const FAULT_DURATION_MS = 700; // the duration of each fault, after which the bus works normally for a while
const WRITERS = 3;
const MAX_BACKLOG = 1_000; // the writers slow down at this many undelivered events, so a slow machine can deliver all of them in time
const SLOWED_PAUSE_MS = 200;
const WAIT_TIMEOUT_MS = 60_000; // ten times what a wait takes, for a busy machine
const ALICE = 'alice@example.com';

jest.setTimeout((SECONDS + 240) * 1000);

describe(`events that are sent to EventBridge (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  const committed = new Set<string>();
  const rolledBack = new Set<string>();
  let stub: EventBusStub;
  let system: System;

  beforeAll(async () => {
    stub = await EventBusStub.start();
    system = await System.start({
      worker: false,
      environment: {
        EVENT_SINKS: 'eventbridge,local',
        EVENT_BUS_NAME: 'pikaia',
        AWS_ENDPOINT_URL: stub.url,
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'GOOD',
        AWS_SECRET_ACCESS_KEY: 'secret',
        EVENT_BUS_TIMEOUT_MS: '400',
        EVENT_BUS_CHECK_INTERVAL_MS: '200',
        OUTBOX_POLL_INTERVAL_MS: '100',
        OUTBOX_LEADER_TIMEOUT_MS: '3000',
      },
    });
    for (const { event_id } of await system.query<{ event_id: string }>('select event_id from outbox.outbox_log'))
      committed.add(event_id); // an event of another organization
  });
  afterAll(async () => {
    await system.stop();
    await stub.stop();
  });

  const arrived = (): string[] => stub.details.map(({ event_id }) => String(event_id));
  const flaws = () => historyFlaws({ committed, rolledBack, arrived: arrived() });

  it('the worker does not start without the bus, and prints the reason', async () => {
    stub.deleteBus('pikaia');
    await expect(system.startWorker()).rejects.toThrow(/PIKAIA_SINK_DESTINATION_MISSING/);
    stub.createBus('pikaia');
  });

  it('an invitation reaches the bus once and unchanged, and its email is sent as well', async () => {
    await system.startWorker();
    const answer = await system.request('POST', '/members/invitations', {
      as: ALICE,
      body: { email: 'bus@example.com', role: 'member' },
    });
    expect(answer.status).toBe(201);
    const correlationId = answer.headers.get('x-correlation-id');
    const entry = await waitFor(
      'the event',
      () => stub.accepted.find(({ Detail }) => Detail!.includes(correlationId!)),
      WAIT_TIMEOUT_MS,
    );
    const [row] = await system.query<{ payload: object; position: string; event_id: string; occurred_at: Date }>(
      'select payload, position, event_id, occurred_at from outbox.outbox_log where correlation_id = $1',
      [correlationId],
    );
    const { payload, position, event_id, occurred_at } = row!;
    expect(JSON.parse(entry.Detail!)).toEqual({ ...payload, sequence: position });
    expect({ ...entry, Detail: undefined }).toEqual({
      EventBusName: 'pikaia',
      Source: 'pikaia.member',
      DetailType: 'member.invited',
      Time: occurred_at.getTime() / 1000,
      Resources: [`urn:pikaia:member:${(payload as { aggregate_id: string }).aggregate_id}`],
    });
    await waitFor(
      'it is published to all sinks',
      async () => {
        const rows = await system.query<{ status: string }>('select status from events_outboxevent where event_id = $1', [
          event_id,
        ]);
        return rows[0]!.status === 'published';
      },
      WAIT_TIMEOUT_MS,
    );
    expect(arrived().filter((id) => id === event_id)).toHaveLength(1);
    committed.add(event_id);
  });

  it('all committed events arrive despite faults of bus and worker, and no event that was rolled back arrives', async () => {
    const state = { writing: true, backlog: 0 };
    const writers = Array.from({ length: WRITERS }, () => write(state));
    const startedAt = performance.now();
    const counts: Record<string, number> = {};
    do {
      for (const [name, strike] of shuffled(Object.entries(FAULTS))) {
        counts[name] = (counts[name] ?? 0) + 1;
        await strike();
        stub.fault = undefined;
        await pause(100);
        state.backlog = flaws().lost.length;
      }
    } while (performance.now() - startedAt < SECONDS * 1000);
    state.writing = false;
    await Promise.all(writers);
    await pollUntil(
      () => flaws().lost.length,
      (lost) => lost === 0,
      WAIT_TIMEOUT_MS,
    );
    const faults = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const [repeated, lost] = [stub.accepted.length - committed.size, flaws().lost.length];
    reportProof('EventBridge under faults', SEED, {
      committed: committed.size,
      rolledBack: rolledBack.size,
      repeated,
      faults,
      lost,
    });
    expect(flaws()).toEqual(NO_FLAWS);
    expect(rolledBack.size).toBeGreaterThan(0);
    const statuses = () =>
      system.query<{ status: string; count: number }>(
        `select status, count(*)::int as count from events_outboxevent where event_type = 'thing.changed' group by status`,
      );
    const settled = await pollUntil(statuses, (rows) => rows.every(({ status }) => status === 'published'), WAIT_TIMEOUT_MS);
    expect(settled).toHaveLength(1); // no event is stuck, and none became a dead letter because of a fault
  });

  it('an event that the bus rejects permanently is a dead letter after two attempts, and blocks no other event', async () => {
    stub.fault = () => ({ rejectEntry: ({ Detail }) => (Detail!.includes('unwanted') ? 'MalformedDetail' : undefined) });
    const bad = await publish({ unwanted: true });
    const good = await publish({});
    const statusOf = async (id: string) =>
      (
        await system.query<{ status: string; attempts: number; last_error: string }>(
          'select * from events_outboxevent where event_id = $1',
          [id],
        )
      )[0]!;
    await waitFor('the event is a dead letter', async () => (await statusOf(bad)).status === 'failed', WAIT_TIMEOUT_MS);
    expect(await statusOf(bad)).toMatchObject({
      attempts: 2,
      last_error: expect.stringContaining('EventBusError MalformedDetail'),
    });
    await waitFor('the other event is published', async () => (await statusOf(good)).status === 'published', WAIT_TIMEOUT_MS);
    stub.fault = undefined;
  });

  it.each<[string, () => void, keyof typeof NO_FLAWS]>([
    ['an event that was accepted and then lost', () => void stub.accepted.pop(), 'lost'],
    ['an event that was never written', () => void stub.accepted.push({ Detail: '{"event_id":"ghost"}' }), 'neverWritten'],
    [
      'an event that was rolled back',
      () => void stub.accepted.push({ Detail: JSON.stringify({ event_id: [...rolledBack][0] }) }),
      'afterRollback',
    ],
  ])('the check reports %s', (_, plant, flaw) => {
    const before = [...stub.accepted];
    const last = (JSON.parse(before.at(-1)!.Detail!) as { event_id: string }).event_id;
    const accept = (entries: readonly PutEntry[]): void => {
      stub.accepted.length = 0;
      for (const entry of entries) stub.accepted.push(entry); // a long run has more entries than a call can have arguments
    };
    accept(before.filter(({ Detail }, index) => index === before.length - 1 || !Detail!.includes(last)));
    committed.add(last);
    plant();
    expect(flaws()[flaw]).toHaveLength(1);
    accept(before);
  });

  const publish = async (data: object): Promise<string> =>
    (await withConnection(system.database.apiUrl, (client) => insertEvent(client, { data }))).id;

  /** Runs transactions of one to five events and rolls some of them back. */
  async function write(state: { readonly writing: boolean; readonly backlog: number }): Promise<void> {
    const client = await connect(system.database.apiUrl);
    while (state.writing) {
      if (state.backlog > MAX_BACKLOG) await pause(SLOWED_PAUSE_MS);
      await client.query('begin');
      const ids: string[] = [];
      for (let i = Math.floor(random() * 5); i >= 0; i--) ids.push((await insertEvent(client)).id);
      const keeps = random() < 0.9;
      await client.query(keeps ? 'commit' : 'rollback');
      for (const id of ids) (keeps ? committed : rolledBack).add(id);
      await pause(random() * 30);
    }
    await client.end();
  }

  const during = (fault: (entries: readonly PutEntry[]) => Fault | undefined) => async () => {
    stub.fault = ({ action, entries }) => (action === 'PutEvents' ? fault(entries) : undefined);
    await pause(FAULT_DURATION_MS);
  };

  const FAULTS: Record<string, () => Promise<void>> = {
    throttled: during(() => (random() < 0.5 ? { fail: { status: 400, code: 'ThrottlingException' } } : undefined)),
    halfFailed: during(() => ({ rejectEntry: (_, index) => (index % 2 ? 'InternalFailure' : undefined) })),
    down: during(() => ({ fail: { status: 503, code: 'ServiceUnavailable' } })),
    malformed: during(() => ({ forge: () => '<html>bad gateway</html>' })),
    short: during(() => ({ forge: ({ Entries }) => ({ FailedEntryCount: 0, Entries: Entries.slice(0, 1) }) })),
    timedOutAfterAcceptance: during(() => (random() < 0.7 ? { silent: 'after' } : undefined)),
    cut: during(() => ({ cut: random() < 0.5 ? 'before' : 'after' })),
    credentialsExpired: async () => {
      stub.validKeys = new Set(['OTHER']);
      await pause(FAULT_DURATION_MS);
      stub.validKeys = undefined;
    },
    busDeleted: async () => {
      stub.deleteBus('pikaia');
      await pause(FAULT_DURATION_MS);
      stub.createBus('pikaia');
      await pause(FAULT_DURATION_MS);
    },
    busReplaced: async () => {
      stub.deleteBus('pikaia');
      await pause(random() * 150); // between two checks of the bus
      stub.createBus('pikaia');
      await pause(FAULT_DURATION_MS);
    },
    killed: async () => {
      let calls = 0;
      stub.fault = ({ action }) => (action === 'PutEvents' && ++calls % 2 ? { silent: 'after' } : undefined);
      await pollUntil(() => calls > 2, Boolean, WAIT_TIMEOUT_MS); // while it sends
      await system.worker.kill();
      stub.fault = undefined;
      await system.startWorker();
    },
    killedWithoutBus: async () => {
      stub.deleteBus('pikaia');
      const { length } = stub.calls;
      await pollUntil(() => stub.calls.length > length, Boolean, WAIT_TIMEOUT_MS); // a PutEvents call, or its check of the bus
      await system.worker.kill(); // possibly before it notices the fault
      stub.createBus('pikaia');
      await system.startWorker();
    },
  };

  function shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((item) => ({ item, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item);
  }
});
