import type { INestApplicationContext } from '@nestjs/common';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { startAdminApplication } from '../../../../test/support/outbox/admin.application.js';
import { insertEvent, type TestEvent } from '../../../../test/support/outbox/events.js';
import type { EventFilter } from './event-filter.js';
import { EventLog } from './event-log.js';
import { MAX_COUNTED, MAX_EXAMINED, MAX_EXAMINED_BY_COUNT, MAX_EXAMINED_PAYLOADS, MAX_SCANNED } from './event-log.sql.js';

const BOB = '019c12f4-7175-7abc-8504-af03c46f1d1b';
const FULL = 'aaaaaaaaaaaaaaaa'; // fingerprints
const GONE = 'bbbbbbbbbbbbbbbb';
const operator = { operator: true } as const;

let database: TestDatabase;
let owner: pg.Client;
let app: INestApplicationContext;
let log: EventLog;
const planted: Record<string, TestEvent> = {};

const idsOf = (events: readonly { event_id: string }[]) => events.map(({ event_id: id }) => id);
const find = async (filter: EventFilter, scope: object = operator) =>
  idsOf((await log.find({ filter, limit: 100, scope: scope as typeof operator })).data).map(
    (id) => Object.entries(planted).find(([, event]) => event.id === id)?.[0],
  );
const count = (filter: EventFilter, scope: object = operator) => log.count({ filter, scope: scope as typeof operator });

const plantDelivery = (sink: string, { id }: TestEvent, status: string, fingerprint: string | null) =>
  owner.query(
    `insert into outbox.outbox_delivery (sink, event_id, position, status, last_error, fingerprint, event_type, schema_version,
       aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at, payload)
     select $1, event_id, position, $3, $4, $4, event_type, schema_version, aggregate_type, aggregate_id, organization_id,
       correlation_id, occurred_at, payload from outbox.outbox_log where event_id = $2`,
    [sink, id, status, fingerprint],
  );

beforeAll(async () => {
  database = await createDatabase();
  owner = await connect(database.ownerUrl);
  app = await startAdminApplication(database.apiUrl, { cursorKey: 'a key of the specs, 32 characters' });
  log = app.get(EventLog);
  const actor = { type: 'user', id: BOB, email: 'bob@example.com' } as const;
  await owner.query(`insert into outbox.outbox_sink (name) values ('mail'), ('search')`);
  for (const name of ['delivered', 'full', 'gone', 'both', 'new'])
    planted[name] = await insertEvent(owner, {
      organizationId: name === 'gone' ? 'globex' : 'acme',
      ...(name === 'gone' && { actor }),
    });
  // Both sinks have received all but the last event. The sink search has registered no type but painted.
  await owner.query(
    `insert into outbox.outbox_progress (sink, number, position, snapshot, worker)
     select name, 1, (select position from outbox.outbox_log where event_id = $1), pg_current_snapshot(), 'spec' from outbox.outbox_sink`,
    [planted['both']!.id],
  );
  await plantDelivery('mail', planted['full']!, 'failed', FULL);
  await plantDelivery('mail', planted['gone']!, 'failed', GONE);
  await plantDelivery('mail', planted['both']!, 'published', FULL);
  await plantDelivery('search', planted['both']!, 'failed', GONE);
});

afterAll(async () => {
  await app.close();
  await owner.end();
  await database.drop();
});

it.each<[EventFilter, string[]]>([
  [{ sink: 'mail', status: 'failed' }, ['gone', 'full']],
  [{ sink: 'mail', status: 'published' }, ['both', 'delivered']],
  [{ sink: 'mail', status: 'pending' }, ['new']],
  [{ sink: 'search', status: 'failed' }, ['both']],
  [{ sink: 'search', status: 'published' }, ['gone', 'full', 'delivered']],
  [{ sink: 'unknown' }, []],
  [{ sink: 'mail' }, ['new', 'both', 'gone', 'full', 'delivered']],
  [{ status: 'failed' }, ['both', 'gone', 'full']],
  [{ fingerprint: FULL }, ['both', 'full']],
  [{ fingerprint: FULL, sink: 'mail', status: 'failed' }, ['full']],
  [{ fingerprint: GONE, sink: 'search' }, ['both']],
  [{ fingerprint: GONE, organization_id: 'globex' }, ['gone']],
  [{ actor_id: BOB }, ['gone']],
  [{ actor_id: BOB, status: 'failed' }, ['gone']],
  [{ actor_id: BOB, status: 'pending' }, []],
])('the filter %j selects the same events in the list and in the count', async (filter, expected) => {
  expect(await find(filter)).toEqual(expected);
  expect(await count(filter)).toEqual({ count: expected.length, is_capped: false });
});

it('a list and a count of an organization have only its events', async () => {
  const globex = { organization: 'globex' };
  for (const filter of [{ sink: 'mail' }, { status: 'failed' }, { fingerprint: GONE }, { actor_id: BOB }] as const)
    expect([await find(filter, globex), await count(filter, globex)]).toEqual([['gone'], { count: 1, is_capped: false }]);
  expect(await count({ organization_id: 'acme' }, globex)).toEqual({ count: 0, is_capped: false });
});

it('a position keeps all digits of a 64-bit integer', async () => {
  const client = await connect(database.ownerUrl);
  await client.query('begin');
  await client.query('set constraints all deferred');
  await client.query("select setval('outbox.outbox_position', 9007199254740992)");
  await client.query('commit');
  const { id } = await insertEvent(client, { organizationId: 'far' });
  await client.end();
  const { data } = await log.find({ filter: { event_id: id }, limit: 1, scope: operator });
  expect(data).toMatchObject([{ position: '9007199254740993' }]);
});

describe('with more events than a request examines', () => {
  beforeAll(async () => {
    await owner.query(
      `insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id, occurred_at, size, payload)
       select gen_random_uuid(), 'thing.changed', 1, 'thing', n::text, 'large', now(), 100, json_build_object('actor', json_build_object('id', n))
       from generate_series(1, ${MAX_EXAMINED + 100}) n`,
    );
    await owner.query('analyze outbox.outbox_log');
  });

  it('a count stops at 10,000, or says that it stopped earlier', async () => {
    const scope = { organization: 'large' };
    expect(await count({}, scope)).toEqual({ count: MAX_COUNTED, is_capped: true });
    expect(await count({ status: 'pending', sink: 'mail' }, scope)).toEqual({ count: MAX_EXAMINED_BY_COUNT, is_capped: true });
    expect(await count({ status: 'published' }, scope)).toEqual({ count: 0, is_capped: true });
    expect(await count({ actor_id: '1' }, scope)).toEqual({ count: 0, is_capped: true });
    expect(await count({ actor_id: String(MAX_EXAMINED) }, scope)).toEqual({ count: 1, is_capped: true });
  });

  it('the pages of an actor end after the oldest event, and find each of its events once', async () => {
    const found: string[] = [];
    let pages = 0;
    for (let cursor: string | undefined; ; pages++) {
      const page = await log.find({ filter: { actor_id: '5' }, limit: 10, cursor, scope: { organization: 'large' } });
      found.push(...page.data.map(({ aggregate_id: id }) => id));
      if (page.next_cursor === null) break;
      cursor = page.next_cursor;
    }
    expect([found, pages]).toEqual([['5'], Math.ceil((MAX_EXAMINED + 100) / MAX_EXAMINED_PAYLOADS) - 1]);
  });
});

describe('with more events than a request reads', () => {
  beforeAll(async () => {
    await owner.query(
      `insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id, occurred_at, size, payload)
       select gen_random_uuid(), case when n = 1 then 'thing.rare' else 'thing.changed' end, 1, 'thing', n::text, 'huge', now(), 100, '{}'
       from generate_series(1, ${MAX_SCANNED + 50}) n`,
    );
    await owner.query('analyze outbox.outbox_log');
  });

  it.each<EventFilter>([
    { event_type: 'thing.rare' },
    { event_type: 'thing.rare', status: 'pending' },
    { aggregate_type: 'thing', aggregate_id: '1' },
  ])('a list and a count with %j read at most 100,000, and the next page continues from there', async (filter) => {
    const scope = { organization: 'huge' };
    expect(await count(filter, scope)).toEqual({ count: 0, is_capped: true });
    const first = await log.find({ filter, limit: 10, scope });
    expect(first).toMatchObject({ data: [], next_cursor: expect.any(String) });
    const second = await log.find({ filter, limit: 10, scope, cursor: first.next_cursor! });
    expect(second).toMatchObject({ data: [{ aggregate_id: '1' }], next_cursor: null });
  });

  it('a filter that an index serves reads only what matches', async () => {
    const [event] = (await log.find({ limit: 1, scope: operator })).data;
    const { event_id: id, correlation_id: correlation } = event!;
    for (const filter of [{ event_id: id }, ...(correlation ? [{ correlation_id: correlation }] : [])])
      expect(await count({ ...filter, event_type: 'thing.changed' })).toEqual({ count: 1, is_capped: false });
  });
});

it('a filter by fingerprint uses its index', async () => {
  await owner.query(
    `insert into outbox.outbox_delivery (sink, event_id, position, status, fingerprint, event_type, schema_version, aggregate_type,
       aggregate_id, occurred_at, payload)
     select 'mail', gen_random_uuid(), n, 'failed', md5(n::text), 'thing.changed', 1, 'thing', n::text, now(), '{}' from generate_series(1, 20000) n`,
  );
  await owner.query('analyze outbox.outbox_delivery');
  const planOf = async () =>
    (
      await owner.query<{ 'QUERY PLAN': string }>(
        `explain select * from outbox.outbox_delivery e where fingerprint = '${FULL}' order by position desc limit 10`,
      )
    ).rows.map((row) => row['QUERY PLAN']);
  const byIndex = expect.arrayContaining([expect.stringContaining('outbox_delivery_fingerprint')]);
  expect(await planOf()).toEqual(byIndex);
  await owner.query('begin');
  await owner.query('drop index outbox.outbox_delivery_fingerprint'); // planted
  expect(await planOf()).not.toEqual(byIndex);
  await owner.query('rollback');
});
