import { randomUUID } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { TransactionHost } from '@nestjs-cls/transactional';
import { context } from '@pikaia/core';
import { currentManager } from '@pikaia/database';
import pg from 'pg';
import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { startAdminApplication } from '../../../../test/support/outbox/admin.application.js';
import type { CommandView } from './command.view.js';
import type { EventFilter, EventScope, EventStatus } from './event-filter.js';
import { EventLog } from './event-log.js';
import { MAX_EXAMINED } from './event-log.sql.js';
import type { EventView } from './event.view.js';
import { OutboxOperations } from './outbox.operations.js';

const DAY_MS = 86_400_000;
const SECRET = 'refused: Authorization: Bearer canary-1, {"api_key":"canary-2"}';

interface Planted {
  readonly organization: string | null;
  readonly type?: string;
  readonly aggregateType?: string;
  readonly aggregate?: string;
  readonly correlation?: string;
  readonly occurredAt?: string;
  /** The time of the insert, which decides the slot. */
  readonly recordedAt?: string;
  readonly note?: string;
}

let database: TestDatabase;
let app: INestApplicationContext;
let owner: pg.Client;
let log: EventLog;

/** Inserts an event with chosen columns, which no application may write. */
async function plant(event: Planted): Promise<string> {
  const id = randomUUID();
  const occurredAt = event.occurredAt ?? '2026-01-17T10:00:00Z';
  const recordedAt = event.recordedAt ?? occurredAt;
  const payload = JSON.stringify({ event_id: id, actor: null, data: { email: 'bob@example.com', note: event.note ?? '' } });
  await owner.query(
    `insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id,
       correlation_id, occurred_at, recorded_at, slot, size, payload)
     values ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, octet_length($10::text), $10::json)`,
    [id, event.type ?? 'member.invited', event.aggregateType ?? 'member', event.aggregate ?? 'm1', event.organization, event.correlation ?? randomUUID(), occurredAt, recordedAt, Math.floor(Date.parse(recordedAt) / DAY_MS) % 12, payload], // prettier-ignore
  );
  return id;
}

// prettier-ignore
async function plantDelivery(sink: string, eventId: string, status: string, error: string | null = null, attempts = 2): Promise<void> {
  await owner.query(
    `insert into outbox.outbox_delivery (sink, event_id, position, status, attempts, last_error, event_type, schema_version,
       aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at, payload, updated_at)
     select $1, event_id, position, $3, $5, $4, event_type, schema_version,
       aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at, payload, '2026-01-18T10:00:00Z'
     from outbox.outbox_log where event_id = $2`,
    [sink, eventId, status, error, attempts],
  );
}

const plantAttempt = (sink: string, eventId: string, at: string, error: string): Promise<unknown> =>
  owner.query('insert into outbox.outbox_attempt (sink, event_id, attempted_at, error) values ($1, $2, $3, $4)', [sink, eventId, at, error]); // prettier-ignore

const plantReceipt = (consumer: string, eventId: string, doneAt: string | null, result: object | null): Promise<unknown> =>
  owner.query(
    `insert into outbox.consumer_receipt (consumer, event_id, state, claimed_until, done_at, result)
     values ($1, $2, case when $3::timestamptz is null then 'claimed' else 'done' end, '2026-01-18T11:00:00Z', $3, $4)`,
    [consumer, eventId, doneAt, result],
  );

async function everyPage(filter: EventFilter, scope: EventScope, limit: number): Promise<EventView[]> {
  const found: EventView[] = [];
  for (let cursor: string | undefined, pages = 0; pages < 100; pages++) {
    const page = await log.find({ filter, scope, limit, cursor });
    found.push(...page.data);
    if (page.next_cursor === null) return found;
    cursor = page.next_cursor;
  }
  throw new Error('the pages do not end');
}

const idsOf = (events: readonly EventView[]): string[] => events.map(({ event_id }) => event_id);

beforeAll(async () => {
  database = await createDatabase();
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  // `first` has to receive every event. `second` started after all events: only a delivery makes it count. `old` is retired.
  // `watcher` is an observer that has received no event.
  await owner.query(`
    insert into outbox.outbox_sink (name, state) values ('first', 'active'), ('second', 'active'), ('old', 'retired');
    insert into outbox.outbox_sink (name, observer) values ('watcher', true);
    insert into outbox.outbox_progress (sink, number, position, snapshot, worker)
    values ('second', 0, 1000000000, '1000000000:1000000000:', 'spec')`);
  app = await startAdminApplication(database.apiUrl, { cursorKey: 'a key of the specs, 32 characters' });
  log = app.get(EventLog);
});

afterAll(async () => {
  await app.close();
  await owner.end();
  await database.drop();
});

describe('one event', () => {
  const scope = { organization: 'org-event' };

  it('an event has its columns, its status across all sinks and its envelope', async () => {
    const correlation = randomUUID();
    const id = await plant({ ...scope, correlation, note: 'hello' });
    const expected = {
      event_id: id,
      position: expect.stringMatching(/^\d+$/),
      event_type: 'member.invited',
      schema_version: 1,
      aggregate_type: 'member',
      aggregate_id: 'm1',
      organization_id: 'org-event',
      correlation_id: correlation,
      causation_id: null,
      occurred_at: new Date('2026-01-17T10:00:00Z'),
      recorded_at: expect.any(Date),
      status: 'pending',
      attempts: 0,
      last_error: null,
      deciding_deliveries: [],
      published_at: null,
      payload: { event_id: id, actor: null, data: { email: 'bob@example.com', note: 'hello' } },
      shortened: null,
    };
    const empty = { cause: null, caused: [], failed_attempts: [], receipts: [], truncated: [] };
    expect((await log.find({ scope, limit: 1 })).data).toEqual([expected]);
    expect(await log.get(id, scope)).toEqual({
      ...expected,
      ...empty,
      deliveries: [{ sink: 'first', status: 'pending', attempts: 0, next_attempt_at: null, last_error: null, updated_at: null, published_at: null, waits_behind: null }], // prettier-ignore
    });
  });

  it('get returns not_wanted for a sink that has not registered the type', async () => {
    const id = await plant(scope);
    await owner.query(`insert into outbox.outbox_sink_type (sink, event_type, since_position, since_snapshot, confirmed, worker)
      values ('first', 'member.removed', 0, '1:1:', true, 'spec')`);
    const { deliveries } = (await log.get(id, scope))!;
    await owner.query('delete from outbox.outbox_sink_type');
    expect(deliveries).toMatchObject([{ sink: 'first', status: 'not_wanted', published_at: null }]);
  });

  it('get returns the deliveries by sink, the failed attempts, oldest first, and the receipts, claimed ones last', async () => {
    const id = await plant(scope);
    await plantDelivery('second', id, 'published');
    await plantDelivery('first', id, 'failed', 'second error');
    await plantAttempt('first', id, '2026-01-17T10:00:02Z', 'second error');
    await plantAttempt('first', id, '2026-01-17T10:00:01Z', 'first error');
    await plantAttempt('watcher', id, '2026-01-17T10:00:03Z', 'error of an observer');
    await plantDelivery('watcher', id, 'failed', 'error of an observer');
    await plantReceipt('mailer', id, null, null);
    await plantReceipt('billing', id, '2026-01-17T10:00:03Z', { message_id: '1' });
    const updated_at = new Date('2026-01-18T10:00:00Z');
    const delivery = { attempts: 2, next_attempt_at: null, updated_at, waits_behind: null };
    const claimed_until = new Date('2026-01-18T11:00:00Z');
    const failed_attempts = [
      { event_id: id, sink: 'first', attempted_at: new Date('2026-01-17T10:00:01Z'), error: 'first error' },
      { event_id: id, sink: 'first', attempted_at: new Date('2026-01-17T10:00:02Z'), error: 'second error' },
    ];
    const receipts = [
      { event_id: id, consumer: 'billing', state: 'done', claimed_until, done_at: new Date('2026-01-17T10:00:03Z'), result: { message_id: '1' }, shortened: null }, // prettier-ignore
      { event_id: id, consumer: 'mailer', state: 'claimed', claimed_until, done_at: null, result: null, shortened: null },
    ];
    const event = (await log.get(id, scope))!;
    expect(event).toMatchObject({ status: 'failed', attempts: 2, last_error: 'second error', failed_attempts, receipts });
    expect(event.deliveries).toEqual([
      { ...delivery, sink: 'first', status: 'failed', last_error: 'second error', published_at: null },
      { ...delivery, sink: 'second', status: 'published', last_error: null, published_at: updated_at },
    ]);
    const other = await plant(scope);
    await plantAttempt('first', other, '2026-01-17T10:00:00Z', 'error of another event');
    const history = await log.findWithHistory({ scope, limit: 2 });
    expect(history.failed_attempts.data.map(({ event_id }) => event_id)).toEqual([other, id, id]);
    expect(history.receipts).toEqual({ data: receipts, truncated: false });
  });

  it('get returns null for an invalid or unknown id, and in the scope of another organization', async () => {
    const id = await plant(scope);
    expect(await log.get('no-id', { operator: true })).toBeNull();
    expect(await log.get(randomUUID(), { operator: true })).toBeNull();
    expect(await log.get(id, { organization: 'org' })).toBeNull();
    expect(await log.get(id, { operator: true })).toMatchObject({ event_id: id });
  });

  it('each read returns payload, errors and receipts without secrets, and leaves the stored rows unchanged', async () => {
    const id = await plant({ ...scope, note: SECRET });
    await plantDelivery('first', id, 'failed', SECRET);
    await plantAttempt('first', id, '2026-01-17T10:00:01Z', SECRET);
    await plantReceipt('mailer', id, '2026-01-17T10:00:03Z', { answer: SECRET, password: 'canary-3' });
    const request = { scope, limit: 1, filter: { event_id: id } };
    const shown = [await log.find(request), await log.get(id, scope), await log.findWithHistory(request)];
    for (const part of shown) expect(JSON.stringify(part)).not.toContain('canary');
    expect(JSON.stringify(shown).match(/Bearer \[redacted\]/g)).toHaveLength(14);
    const { rows } = await owner.query('select last_error from outbox.outbox_delivery where event_id = $1', [id]);
    expect(rows).toEqual([{ last_error: SECRET }]);
  });

  it('find does not return an event before its transaction commits, even inside that transaction', async () => {
    const uncommitted = { organization: 'org-uncommitted' };
    await TransactionHost.getInstance().withTransaction(async () => {
      const insert = `insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id,
        organization_id, occurred_at, size, payload) values ($1, 't', 1, 'a', 'b', $2, now(), 2, '{}')`;
      await currentManager().query(insert, [randomUUID(), uncommitted.organization]);
      expect((await log.find({ scope: uncommitted, limit: 1 })).data).toEqual([]);
    });
    expect((await log.find({ scope: uncommitted, limit: 1 })).data).toHaveLength(1);
  });
});

describe('pages of events', () => {
  it.each([1, 2, 3, 7])('pages of %i events return each event once, newest first', async (limit) => {
    const scope = { organization: `org-pages-${limit}` };
    const ids: string[] = [];
    for (let n = 0; n < 7; n++) ids.push(await plant(scope));
    expect(idsOf(await everyPage({}, scope, limit))).toEqual(ids.reverse());
  });

  it('pages are stable while new events are published', async () => {
    const scope = { organization: 'org-growing' };
    const old = [await plant(scope), await plant(scope)];
    const first = await log.find({ scope, limit: 1 });
    await plant(scope);
    const second = await log.find({ scope, limit: 1, cursor: first.next_cursor! });
    expect(idsOf([...first.data, ...second.data])).toEqual(old.reverse());
    expect(second.next_cursor).toBeNull();
  });

  it('find refuses a cursor of another filter or organization, or with a wrong signature', async () => {
    const scope = { organization: 'org-cursor' };
    for (let n = 0; n < 2; n++) await plant(scope);
    const cursor = (await log.find({ scope, limit: 1 })).next_cursor!;
    const refused = { code: 'PIKAIA_CURSOR_INVALID' };
    await expect(log.find({ scope, limit: 1, cursor, filter: { event_type: 'a.b' } })).rejects.toMatchObject(refused);
    await expect(log.find({ scope: { organization: 'org' }, limit: 1, cursor })).rejects.toMatchObject(refused);
    await expect(log.find({ scope: { operator: true }, limit: 1, cursor })).rejects.toMatchObject(refused);
    await expect(log.find({ scope, limit: 1, cursor: 'x.y' })).rejects.toMatchObject(refused);
    const undefinedField = { event_type: undefined } as EventFilter;
    expect((await log.find({ scope, limit: 1, cursor, filter: undefinedField })).data).toHaveLength(1);
  });

  it('find examines 20,000 events per request for a status, and continues from there', async () => {
    const scope = { organization: 'org-many' };
    const published = await plant(scope);
    await plantDelivery('first', published, 'published');
    await owner.query(
      `insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id,
         occurred_at, size, payload)
       select gen_random_uuid(), 't', 1, 'a', 'b', $1, now(), 2, '{}' from generate_series(1, $2::int)`,
      [scope.organization, MAX_EXAMINED],
    );
    const first = await log.find({ scope, limit: 10, filter: { status: 'published' } });
    expect(first).toEqual({ data: [], next_cursor: expect.any(String) });
    const second = await log.find({ scope, limit: 10, filter: { status: 'published' }, cursor: first.next_cursor! });
    expect(second).toMatchObject({ data: [{ event_id: published }], next_cursor: null });
  });
});

describe('filters of events', () => {
  const scope = { organization: 'org-filter' };
  const correlation = randomUUID();
  let ids: string[];
  beforeAll(async () => {
    ids = [
      await plant({ ...scope, occurredAt: '2026-01-17T10:00:01Z', aggregate: 'm2' }),
      await plant({ ...scope, occurredAt: '2026-01-17T10:00:02Z', type: 'member.removed', correlation }),
      await plant({ ...scope, occurredAt: '2026-01-17T10:00:03Z', aggregateType: 'order' }),
      await plant({ ...scope, occurredAt: '2026-01-17T10:00:04Z', type: 'member.removed', aggregate: 'm2', correlation }),
    ];
    await plant({ organization: 'org-other', correlation });
    await plant({ organization: null, correlation });
    await plantDelivery('first', ids[0]!, 'failed', 'Mailbox unavailable');
    await plantDelivery('old', ids[1]!, 'failed', 'mailbox unavailable');
    await plantDelivery('first', ids[3]!, 'retrying', '100% of mailboxes');
  });

  it.each<[EventFilter, number[]]>([
    [{}, [3, 2, 1, 0]],
    [{ event_type: 'member.removed' }, [3, 1]],
    [{ event_type: 'member.%' }, []],
    [{ aggregate_type: 'order' }, [2]],
    [{ aggregate_type: 'member', aggregate_id: 'm2' }, [3, 0]],
    [{ correlation_id: correlation }, [3, 1]],
    [{ correlation_id: correlation, aggregate_id: 'm1' }, [1]],
    [{ from: '2026-01-17T10:00:02Z', to: '2026-01-17T10:00:04Z' }, [2, 1]],
    [{ error: 'MAILBOX' }, [3, 0]],
    [{ error: '0%' }, [3]],
    [{ error: 'mailbox', status: 'failed' }, [0]],
    [{ error: 'mailbox', event_type: 'member.removed' }, [3]],
    [{ organization_id: 'org-filter' }, [3, 2, 1, 0]],
    [{ organization_id: 'org-other' }, []],
  ])('find returns exactly the matching events for the filter %j', async (filter, expected) => {
    for (const limit of [1, 10]) {
      expect(idsOf(await everyPage(filter, scope, limit))).toEqual(expected.map((index) => ids[index]));
    }
  });

  it('find returns one event for its id', async () => {
    for (const id of ids) expect(idsOf(await everyPage({ event_id: id }, scope, 10))).toEqual([id]);
  });

  it('find returns events of all organizations to operators, or of one organization if they ask for it', async () => {
    const organizations = async (filter: EventFilter) =>
      (await everyPage(filter, { operator: true }, 10)).map(({ organization_id }) => organization_id);
    expect(await organizations({ correlation_id: correlation })).toEqual([null, 'org-other', 'org-filter', 'org-filter']);
    expect(await organizations({ correlation_id: correlation, organization_id: 'org-other' })).toEqual(['org-other']);
  });

  it('find scans only the slots of the days of a period, and the next day if the period ends less than an hour before midnight', async () => {
    const days = { organization: 'org-days' };
    const now = Math.floor(Date.now() / DAY_MS) * DAY_MS - 5 * DAY_MS;
    const at = (hours: number): string => new Date(now + hours * 3_600_000).toISOString();
    const inTime = await plant({ ...days, occurredAt: at(23.4) });
    const afterMidnight = await plant({ ...days, occurredAt: at(23.5), recordedAt: at(24.1) });
    const otherSlot = await plant({ ...days, occurredAt: at(23.6), recordedAt: at(72) });
    const found = async (from: number, to: number) => idsOf(await everyPage({ from: at(from), to: at(to) }, days, 10));
    expect(await found(20, 23.7)).toEqual([afterMidnight, inTime]);
    expect(await found(20, 80)).toEqual([otherSlot, afterMidnight, inTime]);
  });
});

describe('the status of events', () => {
  const scope = { organization: 'org-status' };

  it.each<[EventStatus, readonly [sink: string, status: string][]]>([
    ['pending', []],
    ['pending', [['second', 'retrying']]],
    ['pending', [['old', 'failed']]],
    ['pending', [['watcher', 'failed']]],
    ['published', [['first', 'published'], ['watcher', 'retrying']]], // prettier-ignore
    ['retrying', [['first', 'retrying']]],
    ['waiting', [['first', 'waiting'], ['second', 'skipped']]], // prettier-ignore
    ['failed', [['second', 'failed']]],
    ['skipped', [['first', 'skipped'], ['second', 'published']]], // prettier-ignore
    ['published', [['first', 'published'], ['second', 'published'], ['old', 'failed']]], // prettier-ignore
  ])('the status of an event is %s for the deliveries %j, and the filter finds the event by it', async (status, deliveries) => {
    const id = await plant(scope);
    for (const [sink, delivered] of deliveries) await plantDelivery(sink, id, delivered);
    const [event] = (await log.find({ scope, limit: 1, filter: { status } })).data;
    expect(event).toMatchObject({ event_id: id, status });
    expect(event!.published_at).toEqual(status === 'published' ? new Date('2026-01-18T10:00:00Z') : null);
  });

  it.each(['in the log', 'removed from the log'])(
    'attempts and error of an event %s are those of the sink that decides its status, and the sinks with this status are listed',
    async (place) => {
      const id = await plant(scope);
      await plantDelivery('first', id, 'retrying', 'error of a retrying sink', 7);
      await plantDelivery('second', id, 'failed', 'error of a failed sink', 3);
      await plantDelivery('old', id, 'failed', 'error of a retired sink', 9);
      if (place !== 'in the log') await owner.query('delete from outbox.outbox_log where event_id = $1', [id]);
      const changed = `update outbox.outbox_delivery set updated_at = updated_at + interval '1 day' where event_id = $1 and sink = 'first'`;
      await owner.query(changed, [id]);
      const find = async (status: EventStatus): Promise<unknown> =>
        (await log.find({ scope, limit: 1, filter: { event_id: id, status } })).data[0];
      const second = { sink: 'second', attempts: 3, last_error: 'error of a failed sink' };
      expect(await find('failed')).toMatchObject({ attempts: 3, last_error: second.last_error, deciding_deliveries: [second] });
      await owner.query(`update outbox.outbox_delivery set status = 'failed' where event_id = $1 and sink = 'first'`, [id]);
      const first = { sink: 'first', attempts: 7, last_error: 'error of a retrying sink' };
      const both = { attempts: 7, last_error: first.last_error, deciding_deliveries: [first, second] };
      expect(await find('failed')).toMatchObject(both);
      await owner.query(`update outbox.outbox_delivery set status = 'skipped' where event_id = $1 and sink = 'second'`, [id]);
      await owner.query(`update outbox.outbox_delivery set status = 'retrying', last_error = null where event_id = $1 and sink = 'first'`, [id]); // prettier-ignore
      expect(await find('retrying')).toMatchObject({ attempts: 7, last_error: null, deciding_deliveries: [{ sink: 'first' }] });
    },
  );

  it('the status of an event is that of its deliveries after its row of the log is removed', async () => {
    const id = await plant(scope);
    await plantDelivery('second', id, 'failed', 'gone');
    await owner.query('delete from outbox.outbox_log where event_id = $1', [id]);
    const { data } = await log.find({ scope, limit: 1, filter: { error: 'gone' } });
    expect(data).toMatchObject([{ event_id: id, status: 'failed', last_error: 'gone' }]);
    await plantDelivery('watcher', id, 'retrying', 'error of an observer');
    expect((await log.find({ scope, limit: 1, filter: { error: 'gone' } })).data).toEqual(data);
    await owner.query(`delete from outbox.outbox_delivery where event_id = $1 and sink = 'second'`, [id]);
    expect((await owner.query('select from events_outboxevent where event_id = $1', [id])).rows).toEqual([]);
  });

  it('a replay or skip without a sink leaves observers out, and one that names an observer does not', async () => {
    const id = await plant(scope);
    await plantDelivery('watcher', id, 'failed', 'error of an observer');
    const operations = app.get(OutboxOperations);
    const sinksOf = ({ sinks }: CommandView) => sinks.map(({ sink }) => sink);
    await context.run({}, async () => {
      expect(sinksOf(await operations.replayOne(id))).toEqual(['first', 'second']);
      expect(sinksOf(await operations.replayOne(id, { sink: 'watcher' }))).toEqual(['watcher']);
      await expect(operations.skip(id)).rejects.toMatchObject({ code: 'PIKAIA_OUTBOX_NOTHING_TO_SKIP' });
      expect(sinksOf(await operations.skip(id, { sink: 'watcher' }))).toEqual(['watcher']);
    });
  });
});
