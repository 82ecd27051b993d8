import type { INestApplicationContext } from '@nestjs/common';
import fc from 'fast-check';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { startAuditApplication } from '../../../../test/support/audit/audit.application.js';
import { ACTIVITY_PLACES, ANY_TIME, BEFORE_FIRST } from './activity.sql.js';
import type { ActivityEntry, ActivityRequest } from './activity.js';
import { AuditLog } from './audit-log.query.js';

const BOB = '019c12f4-7175-7abc-8504-af03c46f1d1b';
const ORGANIZATIONS = ['acme', 'globex', 'platform'] as const;
const SEED = 20_261_202;
const ROWS = 400;

type Period = readonly [from?: string | undefined, to?: string | undefined];
/** A time at the microsecond of some entries, or none. */
const momentOrNone = fc.option(
  fc
    .integer({ min: 0, max: Math.ceil(ROWS / 7) })
    .map((microsecond) => `2026-02-01T00:00:00.0000${String(microsecond).padStart(2, '0')}Z`),
  { nil: undefined },
);

let database: TestDatabase;
let owner: pg.Client;
let app: INestApplicationContext;
let log: AuditLog;

const bob = {
  person: BOB,
  aggregates: [
    { type: 'user', id: BOB },
    { type: 'member', id: 'bob-in-acme' },
    { type: 'member', id: 'bob-in-globex' },
  ],
} as const;

beforeAll(async () => {
  database = await createDatabase();
  owner = await connect(database.ownerUrl);
  app = await startAuditApplication(database.apiUrl);
  log = app.get(AuditLog);
  // Several entries have the same time, so that only the id orders them.
  await owner.query(
    `insert into audit.record (id, organization_id, action, aggregate_type, aggregate_id, actor_type, actor_id, correlation_id, entry,
       entry_hash, created_at)
     select gen_random_uuid(), (array['acme', 'globex', 'platform'])[1 + n % 3], 'member.invited', (array['user', 'member'])[1 + n % 2],
       (array['bob-in-acme', 'bob-in-globex', $1, 'alice'])[1 + n / 2 % 4], 'user', (array[$1, 'alice', 'carol'])[1 + n / 5 % 3],
       gen_random_uuid(), e, sha256(convert_to(e, 'UTF8')), timestamptz '2026-02-01Z' + n / 7 * interval '1 microsecond'
     from generate_series(1, ${ROWS}) n, (values ('{"diff":{"new":null,"old":null},"personal":{}}')) entry (e)`,
    [BOB],
  );
});
afterAll(async () => {
  await app.close();
  await owner.end();
  await database.drop();
});

async function everyPage(request: Omit<ActivityRequest, 'cursor'>): Promise<ActivityEntry[]> {
  const found: ActivityEntry[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await log.findActivity({ ...request, cursor });
    expect(page.data.length).toBeLessThanOrEqual(request.limit);
    found.push(...page.data);
    if (page.next_cursor === null) return found;
    cursor = page.next_cursor;
  }
}

/** The expected ids, by a scan of all entries. */
async function scan(
  organizations: readonly string[],
  involvement: 'actor' | 'subject' | undefined,
  [from = '-infinity', to = 'infinity']: Period,
): Promise<string[]> {
  const { rows } = await owner.query<{ id: string }>(
    `select id from audit.record where organization_id = any ($1)
       and (($3 and actor_id = $2) or ($4 and (aggregate_type, aggregate_id) in (('user', $2), ('member', 'bob-in-acme'), ('member', 'bob-in-globex')) and ($3 or actor_id <> $2)))
       and created_at >= $5 and created_at < $6
     order by created_at desc, id desc`,
    [organizations, BOB, involvement !== 'subject', involvement !== 'actor', from, to],
  );
  return rows.map(({ id }) => id);
}

it('the pages have each entry of the person once, newest first, for any organizations, page size, involvement and period', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.subarray([...ORGANIZATIONS]),
      fc.integer({ min: 1, max: 150 }),
      fc.constantFrom('actor' as const, 'subject' as const, undefined),
      fc.boolean(),
      fc.tuple(momentOrNone, momentOrNone),
      async (organizations, limit, involvement, asOperator, [from, to]) => {
        const found = await everyPage({ ...bob, organizations, limit, involvement, asOperator, from, to });
        expect(found.map(({ id }) => id)).toEqual(await scan(organizations, involvement, [from, to]));
        for (const entry of found) expect(entry.involvement).toBe(entry.actor_id === BOB ? 'actor' : 'subject');
      },
    ),
    { seed: SEED, numRuns: 40 },
  );
});

it('an organization that is named twice or in another spelling gives no entry twice', async () => {
  const [once, twice] = [['acme'], ['acme', 'acme']].map((organizations) => ({
    ...bob,
    organizations,
    limit: 100,
    asOperator: false,
  }));
  expect((await everyPage(twice!)).length).toBe((await everyPage(once!)).length);
});

it('a cursor is valid only for the person, the reader, the involvement and the period', async () => {
  const request = { ...bob, organizations: ['acme'], limit: 1, asOperator: false };
  const { next_cursor: cursor } = await log.findActivity(request);
  for (const other of [
    { person: 'alice' },
    { asOperator: true },
    { involvement: 'actor' as const },
    { from: '2026-01-01T00:00:00Z' },
    { to: '2027-01-01T00:00:00Z' },
  ])
    await expect(log.findActivity({ ...request, ...other, cursor: cursor! })).rejects.toMatchObject({
      code: 'PIKAIA_CURSOR_INVALID',
    });
});

it('each scan uses its index in the order of the page', async () => {
  const rows = 30_000;
  await owner.query(
    `insert into audit.record (id, organization_id, action, aggregate_type, aggregate_id, actor_type, actor_id, correlation_id, entry, entry_hash)
     select gen_random_uuid(), 'acme', 'member.invited', 'member', n::text, 'user', (n % 300)::text, gen_random_uuid(), e, sha256(convert_to(e, 'UTF8'))
     from generate_series(1, ${rows}) n, (values ('{"diff":{"new":null,"old":null},"personal":{}}')) entry (e)`,
  );
  await owner.query('analyze audit.record');
  const api = await connect(database.apiUrl);
  await api.query(`begin; set local audit.organization = 'acme'`);
  const planOf = async () => {
    const values = ['acme', BOB, ['user', 'member'], [BOB, 'bob-in-acme'], ...BEFORE_FIRST, 21, null, ...ANY_TIME];
    const plan = await api.query<{ 'QUERY PLAN': string }>(`explain (costs off) ${ACTIVITY_PLACES}`, values);
    return plan.rows.map((row) => row['QUERY PLAN']).join('\n');
  };
  const plan = await planOf();
  expect(plan).toMatch(/Index Only Scan Backward using record_actor/);
  expect(plan).toMatch(/Index Only Scan Backward using record_aggregate/);
  expect(plan).not.toContain('Seq Scan');
  await api.end();
});
