import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { insertEvent, statusOf, type TestEvent } from '../../../../test/support/outbox/events.js';
import { refused, ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { SinkRelay } from './sink.relay.js';
import { RelaySupervisor } from '../worker/relay.supervisor.js';
import { registerSinks } from '../log/register-sinks.js';
import type { Sink, SinkCheck, SinkEvent } from '../delivery/sink.js';

/** A destination that accepts every event and discards it while the destination does not exist, as an event bus does. */
class Bus extends ScriptedSink {
  /** Null: the destination does not exist. */
  identity: string | null = 'first';
  unreachable = false;
  readonly kept: string[] = [];
  looks = 0;
  readonly check: SinkCheck = {
    destination: 'bus',
    intervalMs: 30,
    identify: async () => {
      this.looks++;
      if (this.unreachable) throw new Error('no way to the bus');
      return this.identity;
    },
  };

  override async deliver(batch: readonly SinkEvent[]) {
    const outcomes = await super.deliver(batch);
    if (this.identity !== null)
      this.kept.push(...batch.filter((_, i) => outcomes[i]!.kind === 'accepted').map(({ eventId }) => eventId));
    return outcomes;
  }
}

describe('a sink with a destination check', () => {
  let database: TestDatabase;
  let owner: pg.Client;
  let bus: Bus;
  let running: { stop(): Promise<void> }[];

  beforeAll(async () => {
    database = await createDatabase();
    owner = await connect(database.ownerUrl);
  });

  beforeEach(() => start());
  afterEach(() => Promise.all(running.map((one) => one.stop())));
  afterAll(async () => {
    await owner.end();
    await database.drop();
  });

  async function start(shape: Partial<Sink> = { ordering: 'none' }): Promise<void> {
    running = [];
    await owner.query(`update outbox.outbox_sink set state = 'retired'`); // ignore the sinks of other tests
    bus = new Bus(`bus-${randomUUID()}`, { from: 'now', ...shape });
    await registerSinks(database.workerUrl, [bus], 'spec');
  }

  function relay(): SinkRelay {
    const timing = { pollIntervalMs: 20, storeIntervalMs: 5, leaderTimeoutMs: 5000, random: () => 0.01 };
    const made = new SinkRelay({ url: database.workerUrl, sink: bus, worker: 'spec', ...timing });
    running.push(made);
    made.start();
    return made;
  }

  const event = (): Promise<TestEvent> => insertEvent(owner, { aggregate: randomUUID() });
  const published = async ({ id }: TestEvent): Promise<void> => {
    await pollUntil(
      () => statusOf(owner, id),
      ({ status }) => status === 'published',
    );
  };
  const sinkRow = async (): Promise<Record<string, unknown>> => {
    const { rows } = await owner.query<Record<string, unknown>>('select * from outbox.outbox_sink where name = $1', [bus.name]);
    return rows[0]!;
  };
  /** Waits waitFor a check succeeded after everything stored so far. */
  const waitForCheckOfEverything = () =>
    pollUntil(async () => {
      const { rows } = await owner.query<{ up_to_date: boolean }>(
        `select seen_number = (select max(number) from outbox.outbox_progress where sink = name) as up_to_date
         from outbox.outbox_sink where name = $1`,
        [bus.name],
      );
      return rows[0]!.up_to_date;
    });
  /** Waits until the next check starts; it gets no answer. */
  async function hangNextCheck(): Promise<void> {
    let looked = 0;
    bus.check.identify = () => new Promise(() => looked++);
    await pollUntil(() => looked > 0);
  }

  it('sends nothing before the first successful check and reports the reason', async () => {
    bus.unreachable = true;
    relay();
    const waiting = await event();
    await pollUntil(() => bus.looks > 2);
    expect(bus.delivered).toEqual([]);
    expect(await sinkRow()).toMatchObject({ failing_since: expect.any(Date), last_error: 'Error: no way to the bus' });
    bus.unreachable = false;
    await published(waiting);
    await pollUntil(async () => (await sinkRow())['failing_since'] === null);
  });

  it('keeps sending while a later check fails', async () => {
    relay();
    await published(await event());
    bus.unreachable = true;
    const { looks } = bus;
    await pollUntil(() => bus.looks > looks);
    await published(await event());
  });

  it('resends only the events that were sent while the destination was missing', async () => {
    relay();
    const before = await event();
    await published(before);
    await waitForCheckOfEverything();
    bus.identity = null;
    const { looks } = bus;
    const during = await event();
    await pollUntil(() => bus.looks > looks);
    await pollUntil(async () => (await sinkRow())['last_error'] !== null);
    const after = await event();
    expect(await sinkRow()).toMatchObject({
      last_error: expect.stringMatching(/PIKAIA_SINK_DESTINATION_MISSING.*bus does not exist/),
    });
    bus.identity = 'second';
    for (const one of [during, after]) await published(one);
    expect([...bus.kept].sort()).toEqual([before.id, during.id, after.id].sort());
    await pollUntil(async () => (await sinkRow())['failing_since'] === null);
  });

  it('resends the events that went to a destination that was recreated between two checks', async () => {
    relay();
    await published(await event());
    await waitForCheckOfEverything();
    let answer: ((identity: string) => void) | undefined;
    bus.check.identify = () => new Promise((resolve) => (answer = resolve));
    await pollUntil(() => answer !== undefined);
    bus.identity = null;
    const lost = await event();
    await published(lost);
    bus.identity = 'second';
    bus.check.identify = async () => bus.identity;
    answer!('second');
    await pollUntil(() => bus.kept.includes(lost.id));
  });

  it('resends them after the worker was replaced, even if neither worker saw the destination missing', async () => {
    const first = relay();
    await published(await event());
    await waitForCheckOfEverything();
    await hangNextCheck();
    bus.identity = null;
    const lost = await event();
    await published(lost);
    await first.stop();
    bus.check.identify = async () => bus.identity;
    bus.identity = 'second';
    relay();
    await pollUntil(() => bus.kept.includes(lost.id));
  });

  it('remembers a missing destination if the worker is replaced before it returns', async () => {
    const first = relay();
    await published(await event());
    await waitForCheckOfEverything();
    bus.identity = null;
    const lost = await event();
    await pollUntil(async () => (await sinkRow())['seen_as'] === null);
    await first.stop();
    bus.identity = 'first'; // the same identity, as from a substitute without creation times
    relay();
    await pollUntil(() => bus.kept.includes(lost.id));
  });

  it('resends nothing if the worker was replaced and the destination is the same', async () => {
    const first = relay();
    const one = await event();
    await published(one);
    await first.stop();
    relay();
    await published(await event());
    expect(bus.ids.filter((id) => id === one.id)).toHaveLength(1);
  });

  it('goes back to an earlier cursor if housekeeping deleted the stored one', async () => {
    relay();
    const first = await event();
    await published(first);
    await waitForCheckOfEverything();
    await hangNextCheck();
    await published(await event());
    await Promise.all(running.map((one) => one.stop()));
    await owner.query(
      `delete from outbox.outbox_progress p using outbox.outbox_sink s
       where p.sink = $1 and s.name = $1 and p.number > 0 and p.number <= s.seen_number`,
      [bus.name],
    );
    bus.check.identify = async () => 'second';
    relay();
    await pollUntil(() => bus.ids.filter((id) => id === first.id).length === 2);
  });

  it.each(['none', 'aggregate'] as const)(
    'resends a refused event that was not accepted since the last good check (ordering %s)',
    async (ordering) => {
      await start({ ordering });
      relay();
      const retried = await event();
      bus.outcomes.set(retried.id, refused());
      await pollUntil(async () => (await statusOf(owner, retried.id)).status === 'retrying');
      await pollUntil(() => bus.looks > 2);
      await hangNextCheck();
      bus.identity = null;
      bus.outcomes.clear();
      await published(retried);
      expect(bus.kept).not.toContain(retried.id);
      await Promise.all(running.map((one) => one.stop()));
      bus.identity = 'second';
      bus.check.identify = async () => bus.identity;
      relay();
      await pollUntil(() => bus.kept.includes(retried.id));
      await published(retried);
    },
  );

  it('does not change a dead letter if its event is read again', async () => {
    relay();
    await published(await event());
    await waitForCheckOfEverything();
    await hangNextCheck();
    const dead = await event();
    bus.outcomes.set(dead.id, { kind: 'refused', error: new Error('no'), maxAttempts: 1 });
    await pollUntil(async () => (await statusOf(owner, dead.id)).status === 'failed');
    bus.outcomes.clear();
    await Promise.all(running.map((one) => one.stop()));
    bus.check.identify = async () => 'second';
    relay();
    await published(await event());
    expect(await statusOf(owner, dead.id)).toMatchObject({ status: 'failed', attempts: 1 });
    expect(bus.ids.filter((id) => id === dead.id)).toHaveLength(1);
  });

  it('does not start a worker if the destination is missing', async () => {
    const timing = { pollIntervalMs: 1000, storeIntervalMs: 50, leaderTimeoutMs: 5000 };
    bus.identity = null;
    const relays = new RelaySupervisor([bus], { url: database.workerUrl, worker: 'spec', ...timing });
    await expect(relays.start()).rejects.toMatchObject({ code: 'PIKAIA_SINK_DESTINATION_MISSING' });
    bus.identity = 'first';
    bus.unreachable = true;
    running.push(relays);
    await relays.start(); // the check gets no answer, so the relay waits
    expect(relays.health()).toHaveLength(1);
  });
});
