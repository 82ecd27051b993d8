import type { INestApplicationContext } from '@nestjs/common';
import fc from 'fast-check';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { startAuditApplication } from '../../../../test/support/audit/audit.application.js';
import { ACTIVITY_PLACES, BEFORE_FIRST } from './activity.sql.js';
import type { ActivityEntry, ActivityRequest } from './activity.js';
import { AuditLog } from './audit-log.query.js';

const BOB = '019c12f4-7175-7abc-8504-af03c46f1d1b';
const ORGANIZATIONS = ['acme', 'globex', 'platform'] as const;
const SEED = 20_261_202;
const ROWS = 400;

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
async function scan(organizations: readonly string[], involvement: 'actor' | 'subject' | undefined): Promise<string[]> {
  const { rows } = await owner.query<{ id: string }>(
    `select id from audit.record where organization_id = any ($1)
       and (($3 and actor_id = $2) or ($4 and (aggregate_type, aggregate_id) in (('user', $2), ('member', 'bob-in-acme'), ('member', 'bob-in-globex')) and ($3 or actor_id <> $2)))
     order by created_at desc, id desc`,
    [organizations, BOB, involvement !== 'subject', involvement !== 'actor'],
  );
  return rows.map(({ id }) => id);
}

it('the pages have each entry of the person once, newest first, for any organizations, page size and involvement', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.subarray([...ORGANIZATIONS]),
      fc.integer({ min: 1, max: 150 }),
      fc.constantFrom('actor' as const, 'subject' as const, undefined),
      fc.boolean(),
      async (organizations, limit, involvement, asOperator) => {
        const found = await everyPage({ ...bob, organizations, limit, involvement, asOperator });
        expect(found.map(({ id }) => id)).toEqual(await scan(organizations, involvement));
        for (const entry of found) expect(entry.involvement).toBe(entry.actor_id === BOB ? 'actor' : 'subject');
      },
    ),
    { seed: SEED, numRuns: 25 },
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

it('a cursor is valid only for the person, the reader and the involvement', async () => {
  const request = { ...bob, organizations: ['acme'], limit: 1, asOperator: false };
  const { next_cursor: cursor } = await log.findActivity(request);
  for (const other of [{ person: 'alice' }, { asOperator: true }, { involvement: 'actor' as const }])
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
    const values = ['acme', BOB, ['user', 'member'], [BOB, 'bob-in-acme'], ...BEFORE_FIRST, 21, null];
    const plan = await api.query<{ 'QUERY PLAN': string }>(`explain (costs off) ${ACTIVITY_PLACES}`, values);
    return plan.rows.map((row) => row['QUERY PLAN']).join('\n');
  };
  const plan = await planOf();
  expect(plan).toMatch(/Index Only Scan Backward using record_actor/);
  expect(plan).toMatch(/Index Only Scan Backward using record_aggregate/);
  expect(plan).not.toContain('Seq Scan');
  await api.end();
});
