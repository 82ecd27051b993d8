import pg from 'pg';
import { defaultRoles, ensureRoles, migrate } from '../../libs/database/src/index.js';
import { Housekeeping } from '../../libs/events/src/housekeeping/housekeeping.js';
import { SinkMonitor } from '../../libs/events/src/worker/sink.monitor.js';
import { accepted, type Outcome } from '../../libs/events/src/delivery/sink.js';
import { rebaseOutbox } from '../../libs/events/src/restore/rebase.js';
import { applyHostile, HOSTILE_SETS } from '../support/database/hostile-parsers.cjs';
import { OutboxFixture } from '../support/outbox/outbox.fixture.js';
import { insertEvent, type TestEvent } from '../support/outbox/events.js';
import { refused } from '../support/outbox/scripted-sink.js';

const DAY_MS = 86_400_000;
const dead: Outcome = { kind: 'refused', error: new Error('no'), maxAttempts: 1 };

const at = new OutboxFixture();
let reader: pg.Client; // its values do not depend on the changes to pg
let owner: pg.Client; // the connection of the database owner

beforeAll(async () => {
  await at.open();
  reader = new pg.Client({ connectionString: at.database.ownerUrl, types: { getTypeParser: () => String } });
  owner = new pg.Client({ connectionString: at.database.ownerUrl });
  await Promise.all([reader.connect(), owner.connect()]);
});
afterAll(async () => {
  await Promise.all([reader.end(), owner.end()]);
  await at.close();
});

async function json(sql: string, values: unknown[]): Promise<unknown> {
  const { rows } = await reader.query<{ json: string }>(`select json_agg(r)::text as json from (${sql}) r`, values);
  return JSON.parse(rows[0]!.json);
}

/** Runs a sink with rejections, restarts and commands. @returns the results without values that differ between two runs. */
async function story(): Promise<unknown> {
  await at.reset();
  const { sink, database } = at;
  const labels = new Map<string, string>();
  const insert = async (label: string): Promise<TestEvent> => {
    const event = await insertEvent(at.api, { aggregate: label[0]! });
    labels.set(event.id, label);
    return event;
  };
  const commands: string[] = [];
  const ask = async (id: Promise<string>): Promise<void> => {
    commands.push(await id);
    for (let i = 0; i < 2; i++) await at.runRelayOnce();
  };

  const [a1] = [await insert('a1'), await insert('a2'), await insert('b1')];
  sink.outcomes.set(a1.id, refused());
  await at.runRelayOnce();
  sink.outcomes.set(a1.id, accepted);
  at.clock.advance(60_000);
  await at.runRelayOnce(); // a new leader retries, and releases the events behind it

  const [c1] = [await insert('c1'), await insert('c2')];
  const d1 = await insert('d1');
  for (const { id } of [c1, d1]) sink.outcomes.set(id, dead);
  await at.runRelayOnce();
  await ask(at.sendCommand('skip', { event_id: c1.id }));
  sink.outcomes.clear();
  await ask(at.replay({ status: 'failed' }));
  await ask(at.replay({ event_id: a1.id }));
  await ask(at.replay({ aggregate_id: 'b', status: 'published' }, { dry_run: true, limit: 5, rate: 100 }));
  await ask(at.sendCommand('pause'));
  await insert('e1');
  await ask(at.sendCommand('resume'));

  const statuses = await json(
    `select e.event_id, s.status, s.attempts from outbox.outbox_log e, outbox.state_of(e.event_id, e.event_type, e.position, e.txid) s
     where e.event_id = any ($1) order by e.position`,
    [[...labels.keys()]],
  );
  const delivered = sink.delivered.map(({ eventId, attempt }) => `${labels.get(eventId)} attempt ${attempt}`);
  const migrated = await migrate({ url: database.ownerUrl, migrations: [] });
  const roles = await ensureRoles(owner, defaultRoles);
  const retention = { logMs: DAY_MS, failedMs: DAY_MS, receiptMs: DAY_MS };
  const housekeeping = new Housekeeping({ url: database.workerUrl, retention });
  const findings = [await housekeeping.runOnce({ dryRun: true }), await housekeeping.runOnce()];
  const rebased = await rebaseOutbox(database.ownerUrl);
  await ask(at.sendCommand('pause'));
  commands.push(await at.sendCommand('retire'));
  const watch = { ownSinks: new Set<string>(), leaderlessAlarmMs: 60_000, clock: at.clock };
  await new SinkMonitor({ url: database.workerUrl, ...watch }).runOnce();
  const answers = await json(
    `select command, answer, done_at is not null as done from outbox.outbox_command c
     where id = any ($1::uuid[]) order by array_position($1::uuid[], id)`,
    [commands],
  );
  const shown = { delivered, statuses, answers, findings, rebased, migrated, roles };
  const text = JSON.stringify(shown);
  return JSON.parse([...labels].reduce((all, [id, label]) => all.replaceAll(id, label), text));
}

describe('the outbox in a process that replaces the type parsers of pg', () => {
  let expected: unknown;

  beforeAll(async () => {
    expected = await story();
    expect(expected).toMatchObject({
      delivered: expect.arrayContaining(['a1 attempt 1', 'a1 attempt 2', 'a2 attempt 1', 'c2 attempt 1', 'e1 attempt 1']),
      rebased: { sinks: [], events: 0 },
      roles: [],
    });
  });

  it.each(HOSTILE_SETS)('delivers, retries, replays and cleans up as with an unchanged pg: %s', async (name) => {
    const undo = applyHostile(name);
    try {
      expect(await story()).toEqual(expected);
    } finally {
      undo();
    }
  });
});
