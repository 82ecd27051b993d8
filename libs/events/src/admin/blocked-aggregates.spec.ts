import type { INestApplicationContext } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { startAdminApplication } from '../../../../test/support/outbox/admin.application.js';
import { BlockedAggregates, type BlockedPlace } from './blocked-aggregates.js';
import { LIST_BLOCKED } from './blocked-aggregates.sql.js';
import { MAX_COUNT } from './status.sql.js';

const PAYLOAD = JSON.stringify({ actor: { email: 'bob@example.com' } });

let database: TestDatabase;
let owner: pg.Client;
let app: INestApplicationContext;
let blocked: BlockedAggregates;

beforeAll(async () => {
  database = await createDatabase();
  owner = await connect(database.ownerUrl);
  app = await startAdminApplication(database.apiUrl, {});
  blocked = app.get(BlockedAggregates);
});
afterAll(async () => {
  await app.close();
  await owner.end();
  await database.drop();
});
beforeEach(async () => {
  await owner.query('truncate outbox.outbox_delivery, outbox.outbox_sink');
  await owner.query(
    `insert into outbox.outbox_sink (name, state, ordering, observer) values ('mail', 'active', 'aggregate', false),
       ('search', 'paused', 'aggregate', false), ('bus', 'active', 'none', false), ('old', 'retired', 'aggregate', false),
       ('log', 'active', 'aggregate', true)`,
  );
});

/** Inserts deliveries of one aggregate, with the given statuses in the order of their positions. */
async function plant(sink: string, aggregate: string, position: number, ...statuses: string[]): Promise<string> {
  const ids = statuses.map(() => randomUUID());
  await owner.query(
    `insert into outbox.outbox_delivery (sink, event_id, position, status, attempts, last_error, event_type, schema_version,
       aggregate_type, aggregate_id, organization_id, occurred_at, payload)
     select $1, id, $3::bigint + n, status, 10, 'no mailbox for bob@example.com, password=canary', 'thing.changed', 1, 'thing', $2, 'acme',
       now(), $6::json
     from unnest($4::uuid[], $5::text[]) with ordinality as t(id, status, n)`,
    [sink, aggregate, position, ids, statuses, PAYLOAD],
  );
  return ids[0]!;
}
const listed = async (limit = 10, after?: BlockedPlace) =>
  (await blocked.list(limit, after)).data.map(({ sink, aggregate_id: id, waiting }) => [sink, id, waiting]);

it('lists the aggregates that a dead letter blocks, the oldest first, with the number of events that wait behind it', async () => {
  const event = await plant('mail', 'b', 20, 'failed', 'waiting', 'waiting');
  await plant('search', 'a', 10, 'failed');
  const { data, next } = await blocked.list(10);
  expect(data).toMatchObject([
    { sink: 'search', aggregate_id: 'a', waiting: 0 },
    {
      sink: 'mail',
      aggregate_type: 'thing',
      aggregate_id: 'b',
      organization_id: 'acme',
      event_id: event,
      event_type: 'thing.changed',
      occurred_at: expect.any(Date),
      failed_at: expect.any(Date),
      attempts: 10,
      last_error: 'no mailbox for [masked], password=[redacted]',
      waiting: 2,
    },
  ]);
  expect([next, Object.keys(data[0]!)]).toEqual([null, expect.not.arrayContaining(['payload', 'position'])]);
});

it('lists no aggregate that continues by itself, and none of a sink without order, an observer or a retired sink', async () => {
  await plant('mail', 'retried', 1, 'retrying', 'waiting');
  await plant('mail', 'skipped', 10, 'skipped', 'published');
  await plant('mail', 'behind', 20, 'retrying', 'failed', 'waiting'); // too large to be read, so it failed before its turn
  for (const sink of ['bus', 'old', 'log']) await plant(sink, 'other', 30, 'failed', 'waiting');
  expect(await listed()).toEqual([]);
});

it('lists an aggregate for each sink at which it is blocked', async () => {
  for (const sink of ['mail', 'search']) await plant(sink, 'a', 1, 'failed', 'waiting');
  expect(await listed()).toEqual([
    ['mail', 'a', 1],
    ['search', 'a', 1],
  ]);
});

it('returns each aggregate once over all pages, also if two sinks have the same position', async () => {
  for (const [index, aggregate] of ['a', 'b', 'c'].entries())
    for (const sink of ['mail', 'search']) await plant(sink, aggregate, 10 * index, 'failed');
  const all = await listed();
  const pages: unknown[] = [];
  let after: BlockedPlace | undefined;
  do {
    const { data, next } = await blocked.list(1, after);
    pages.push(...data.map(({ sink, aggregate_id: id, waiting }) => [sink, id, waiting]));
    after = next ?? undefined;
  } while (after);
  expect([all.length, pages]).toEqual([6, all]);
});

it('keeps positions beyond the exact integers of JavaScript apart', async () => {
  await plant('mail', 'a', Number.MAX_SAFE_INTEGER, 'failed');
  await owner.query(`update outbox.outbox_delivery set position = 9223372036854775806`);
  await plant('search', 'b', 1, 'failed');
  await owner.query(`update outbox.outbox_delivery set position = 9223372036854775807 where sink = 'search'`);
  const { next } = await blocked.list(1);
  expect(next).toEqual(['9223372036854775806', 'mail']);
  expect(await listed(1, next!)).toEqual([['search', 'b', 0]]);
});

it('stops counting at the maximum, and reads dead letters and waiting deliveries by their indexes', async () => {
  await plant('mail', 'a', 0, 'failed');
  await owner.query(
    `insert into outbox.outbox_delivery (sink, event_id, position, status, event_type, schema_version, aggregate_type, aggregate_id,
       occurred_at, payload)
     select 'mail', gen_random_uuid(), n, 'waiting', 'thing.changed', 1, 'thing', case when n < 12000 then 'a' else n::text end, now(), '{}'
     from generate_series(10, 30000) n`,
  );
  await owner.query('analyze outbox.outbox_delivery');
  expect(await listed()).toEqual([['mail', 'a', MAX_COUNT]]);
  await owner.query('set plan_cache_mode = force_generic_plan');
  await owner.query(`prepare blocked (int, bigint, text, int) as ${LIST_BLOCKED}`);
  const { rows } = await owner.query<{ 'QUERY PLAN': string }>(`explain execute blocked (20, null, null, ${MAX_COUNT})`);
  await owner.query('deallocate blocked; reset plan_cache_mode');
  const scans = rows.map((row) => row['QUERY PLAN']).filter((line) => line.includes('on outbox_delivery'));
  expect(scans).toHaveLength(3);
  for (const scan of scans) expect(scan).toMatch(/Index (Only )?Scan using outbox_delivery_(open|aggregate)/);
});
