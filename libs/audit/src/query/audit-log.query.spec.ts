import { randomUUID } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { TransactionHost } from '@nestjs-cls/transactional';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { startAuditApplication } from '../../../../test/support/audit/audit.application.js';
import type { AuditFilter, AuditLogEntry, AuditScope } from './audit-filter.js';
import { AuditLog } from './audit-log.query.js';
import { MAX_EXAMINED, pageStatement } from './audit-log.sql.js';

const ALICE = 'user-alice';
const BASE = Date.UTC(2026, 0, 17, 10);

interface Planted {
  organization?: string;
  action?: string;
  aggregate?: string;
  actor?: string;
  correlation?: string;
  changed?: string[];
  address?: string;
  /** The new role. Default: `admin`. */
  role?: string;
  /** Microseconds after BASE. */
  at: number;
}

let database: TestDatabase;
let app: INestApplicationContext;
let owner: pg.Client;
let log: AuditLog;

const moment = (at: number): string =>
  new Date(BASE + Math.floor(at / 1000)).toISOString().replace('Z', `${String(at % 1000).padStart(3, '0')}Z`);

/** Inserts rows with chosen timestamps, which no application may write. */
async function plant(row: Planted): Promise<string> {
  const id = randomUUID();
  const actor = row.actor ?? ALICE;
  const entry = JSON.stringify({
    diff: { new: { email: { personal: 'user-bob' }, role: row.role ?? 'admin' }, old: { role: 'member' } },
    personal: { [actor]: '', 'user-bob': '' },
  });
  const organization = row.organization ?? 'org';
  await owner.query(
    `insert into audit.record (id, organization_id, action, aggregate_type, aggregate_id, actor_type, actor_id, correlation_id,
       entry, entry_hash, changed, created_at)
     values ($1, $2, $3, 'member', $4, 'user', $5, $6, $7, sha256(convert_to($7, 'UTF8')), $8, $9)`,
    [id, organization, row.action ?? 'member.role_changed', row.aggregate ?? 'm1', actor, row.correlation ?? randomUUID(), entry, row.changed ?? ['role'], moment(row.at)], // prettier-ignore
  );
  const personal = { actor_email: 'alice@example.com', ip_address: row.address ?? '192.0.2.1', user_agent: 'spec/1' };
  await addPersonal(id, actor, organization, personal);
  await addPersonal(id, 'user-bob', organization, { new: { email: 'bob@example.com' }, old: {} });
  return id;
}

const addPersonal = (record: string, subject: string, organization: string, fields: object): Promise<unknown> =>
  owner.query(`insert into audit.personal values ($1, $2, $3, sha256(''), $4)`, [record, subject, organization, fields]);

async function everyPage(filter: AuditFilter, scope: AuditScope, limit: number): Promise<AuditLogEntry[]> {
  const found: AuditLogEntry[] = [];
  for (let cursor: string | undefined, pages = 0; pages < 100; pages++) {
    const page = await log.find({ filter, scope, limit, cursor });
    found.push(...page.data);
    if (page.next_cursor === null) return found;
    cursor = page.next_cursor;
  }
  throw new Error('the pages do not end');
}

beforeAll(async () => {
  database = await createDatabase();
  owner = await connect(database.ownerUrl);
  app = await startAuditApplication(database.apiUrl);
  log = app.get(AuditLog);
});

afterAll(async () => {
  await app.close();
  await owner.end();
  await database.drop();
});

it('find leaves out a diff of more than 16 KiB, and ends a page at 1 MiB', async () => {
  const scope = { organization: 'org-large' };
  const ids: string[] = [];
  for (let at = 0; at < 100; at++) ids.push(await plant({ ...scope, at, role: 'x'.repeat(15 * 1024) }));
  const role = 'x'.repeat(17 * 1024);
  ids.push(await plant({ ...scope, at: 100, role }));
  const { data, next_cursor: cursor } = await log.find({ scope, limit: 100 });
  expect([data.length > 50, Buffer.byteLength(JSON.stringify(data)) < 1024 ** 2, cursor !== null]).toEqual([true, true, true]);
  expect(data[0]).toMatchObject({ diff: null, changed: ['role'], shortened: { bytes: expect.closeTo(role.length, -3) } });
  expect(data[1]).toMatchObject({ diff: { old: { role: 'member' } }, shortened: null });
  expect((await everyPage({}, scope, 100)).map(({ id }) => id)).toEqual(ids.toReversed());
  expect(await log.get(ids.at(-1)!, scope)).toMatchObject({ diff: { new: { role, email: 'bob@example.com' } }, shortened: null });
});

describe('an entry of the audit log', () => {
  it('has exactly the fields of the source document, its id and the changed field names', async () => {
    const correlation = randomUUID();
    const id = await plant({ organization: 'org-entry', correlation, at: 123_456 });
    const expected = {
      id,
      action: 'member.role_changed',
      aggregate_type: 'member',
      aggregate_id: 'm1',
      organization_id: 'org-entry',
      actor_id: ALICE,
      actor_email: 'alice@example.com',
      correlation_id: correlation,
      diff: { old: { role: 'member' }, new: { role: 'admin', email: 'bob@example.com' } },
      shortened: null,
      changed: ['role'],
      ip_address: '192.0.2.1',
      user_agent: 'spec/1',
      created_at: '2026-01-17T10:00:00.123456Z',
    };
    expect(await log.get(id, { organization: 'org-entry' })).toEqual(expected);
    expect((await log.find({ limit: 1, scope: { organization: 'org-entry' } })).data).toEqual([expected]);
  });

  it('remains in the log without the personal values after a person is erased', async () => {
    const id = await plant({ organization: 'org-erased', at: 1 });
    await owner.query(`begin; select set_config('audit.erasing', 'user-bob', true)`);
    await owner.query(`delete from audit.personal where record_id = $1 and subject_id = 'user-bob'`, [id]);
    await owner.query('commit');
    expect(await log.get(id, { organization: 'org-erased' })).toMatchObject({
      actor_email: 'alice@example.com',
      diff: { old: { role: 'member' }, new: { role: 'admin', email: { personal: 'user-bob' } } },
    });
  });

  it('ignores forged personal rows of a person whom it does not name, and forged values of fields that are not personal', async () => {
    const id = await plant({ organization: 'org-forged', at: 1 });
    const before = await log.get(id, { organization: 'org-forged' });
    const api = await connect(database.apiUrl);
    const forged = {
      actor_email: 'mallory@example.com',
      ip_address: '203.0.113.9',
      new: { role: 'owner', email: 'mallory@example.com' },
    };
    await api.query(`insert into audit.personal (record_id, subject_id, organization_id, salt, fields) values ($1, 'stranger', 'org-forged', sha256(''), $2)`, [id, forged]); // prettier-ignore
    await expect(
      api.query(`insert into audit.personal (record_id, subject_id, organization_id, salt, fields) values ($1, 'user-bob', 'org-forged', sha256(''), $2)`, [id, forged]), // prettier-ignore
    ).rejects.toMatchObject({ code: '23505' });
    await api.end();
    expect(await log.get(id, { organization: 'org-forged' })).toEqual(before);
  });

  it('is found by the SQL of the source document', async () => {
    await plant({ organization: 'org-sql', actor: 'user_123', at: 1 });
    await plant({ organization: 'org-sql', actor: 'user_123', at: 2 });
    const { rows, fields } = await owner.query<{ created_at: Date }>(
      `SELECT * FROM events_auditlog WHERE actor_id = 'user_123' ORDER BY created_at DESC`,
    );
    expect(rows).toHaveLength(2);
    expect(fields.map(({ name }) => name)).toEqual([
      'id',
      'action',
      'aggregate_type',
      'aggregate_id',
      'organization_id',
      'actor_id',
      'actor_email',
      'correlation_id',
      'diff',
      'ip_address',
      'user_agent',
      'created_at', // prettier-ignore
    ]);
  });

  it('is null for an invalid or unknown id', async () => {
    expect(await log.get('no-id', { operator: true })).toBeNull();
    expect(await log.get(randomUUID(), { operator: true })).toBeNull();
  });
});

it('leaves no setting on the connection after a successful or failed read', async () => {
  await plant({ organization: 'org-set', at: 1 });
  await log.find({ limit: 1, scope: { operator: true } });
  await expect(log.find({ limit: 1, scope: { operator: true }, filter: { from: 'no date' } })).rejects.toThrow();
  await log.find({ limit: 1, scope: { organization: 'org-set' } });
  const source = app.get(DataSource);
  const [state] = (await source.query(`select current_user as role, current_setting('audit.organization', true) as organization,
    current_setting('transaction_read_only') as read_only`)) as [Record<string, string>];
  expect(state).toEqual({ role: 'pikaia_api', organization: '', read_only: 'off' });
});

it('does not change the role or access mode of the calling transaction, and reads outside of it', async () => {
  const scope = { organization: 'org-inside' };
  const id = await plant({ ...scope, at: 1 });
  const source = app.get(DataSource);
  const state = `select pg_backend_pid() as connection, current_user as role, current_setting('transaction_read_only') as read_only,
    coalesce(current_setting('audit.organization', true), '') as organization`;
  await TransactionHost.getInstance().withTransaction(async () => {
    const [before] = await source.query<[object]>(state);
    expect(before).toMatchObject({ role: 'pikaia_api', read_only: 'off', organization: '' });
    expect((await log.find({ limit: 1, scope })).data).toMatchObject([{ id }]);
    expect(await log.get(id, { operator: true })).toMatchObject({ id });
    expect(await source.query(state)).toEqual([before]);
  });
});

describe('pages of the audit log', () => {
  it.each([1, 2, 3, 7])(
    'of %i entries return each entry once, newest first, although many have equal or adjacent timestamps',
    async (limit) => {
      const organization = `org-pages-${limit}`;
      for (const at of [0, 1, 1, 1, 2, 999, 999, 1_000, 1_000, 1_001]) await plant({ organization, at });
      const found = await everyPage({}, { organization }, limit);
      const order = found.map(({ created_at, id }) => `${created_at} ${id}`);
      expect(new Set(order).size).toBe(10);
      expect(order).toEqual([...order].sort().reverse());
    },
  );

  it('are stable while new entries are recorded', async () => {
    const scope = { organization: 'org-growing' };
    const old = [await plant({ ...scope, at: 1 }), await plant({ ...scope, at: 2 })];
    const first = await log.find({ scope, limit: 1 });
    await plant({ ...scope, at: 3 });
    const second = await log.find({ scope, limit: 1, cursor: first.next_cursor! });
    expect([first, second].map(({ data }) => data[0]!.id)).toEqual(old.reverse());
    expect(second.next_cursor).toBeNull();
  });

  it('refuse a cursor of another filter or organization, or with a wrong signature', async () => {
    const scope = { organization: 'org-cursor' };
    for (const at of [1, 2]) await plant({ ...scope, at });
    const { next_cursor } = await log.find({ scope, limit: 1 });
    const cursor = next_cursor!;
    const refused = { code: 'PIKAIA_CURSOR_INVALID' };
    await expect(log.find({ scope, limit: 1, cursor, filter: { actor_id: ALICE } })).rejects.toMatchObject(refused);
    await expect(log.find({ scope: { organization: 'org' }, limit: 1, cursor })).rejects.toMatchObject(refused);
    await expect(log.find({ scope: { operator: true }, limit: 1, cursor })).rejects.toMatchObject(refused);
    await expect(log.find({ scope, limit: 1, cursor: 'x.y' })).rejects.toMatchObject(refused);
    expect((await log.find({ scope, limit: 1, cursor, filter: { actor_id: undefined } as AuditFilter })).data).toHaveLength(1);
  });
});

describe('filters of the audit log', () => {
  const scope = { organization: 'org-filter' };
  const correlation = randomUUID();
  let ids: string[];
  beforeAll(async () => {
    ids = [
      await plant({ ...scope, at: 1_000_000, action: 'member.invited', aggregate: 'm1' }),
      await plant({
        ...scope,
        at: 2_000_000,
        action: 'member.role_changed',
        aggregate: 'm2',
        correlation,
        changed: ['role', 'name'],
      }),
      await plant({ ...scope, at: 3_000_000, action: 'members.moved', actor: 'user-carol', address: '203.0.113.5' }),
      await plant({ ...scope, at: 4_000_000, action: 'organization.updated', actor: 'user-carol', correlation }),
    ];
    await plant({ organization: 'org-other', at: 2_000_000, correlation });
  });

  it.each<[AuditFilter, number[]]>([
    [{}, [3, 2, 1, 0]],
    [{ action: 'member.invited' }, [0]],
    [{ action: 'member.*' }, [1, 0]],
    [{ action: 'member*' }, [2, 1, 0]],
    [{ action: 'member.*', actor_id: ALICE }, [1, 0]],
    [{ action: 'member*', from: '2026-01-17T10:00:02Z' }, [2, 1]],
    [{ action: 'nothing.*' }, []],
    [{ action: '*' }, [3, 2, 1, 0]],
    [{ action: 'member.%' }, []],
    [{ actor_id: 'user-carol' }, [3, 2]],
    [{ aggregate_type: 'member', aggregate_id: 'm2' }, [1]],
    [{ aggregate_type: 'member' }, [3, 2, 1, 0]],
    [{ aggregate_id: 'm2' }, [1]],
    [{ correlation_id: correlation }, [3, 1]],
    [{ correlation_id: correlation, actor_id: ALICE }, [1]],
    [{ actor_id: ALICE, action: 'member.role_changed' }, [1]],
    [{ from: '2026-01-17T10:00:02Z', to: '2026-01-17T10:00:04.000000Z' }, [2, 1]],
    [{ from: '2026-01-17T10:00:02.000001Z', to: '2026-01-17T10:00:04.000001Z' }, [3, 2]],
    [{ changed: 'name' }, [1]],
    [{ ip_address: '203.0.113.5' }, [2]],
    [{ ip_address: '203.0.113.5', changed: 'role', actor_id: 'user-carol', action: 'members.*' }, [2]],
    [{ organization_id: 'org-other' }, []],
  ])('return exactly the matching entries for %j', async (filter, expected) => {
    for (const limit of [1, 10]) {
      expect((await everyPage(filter, scope, limit)).map(({ id }) => id)).toEqual(expected.map((index) => ids[index]));
    }
  });

  it('return entries of all organizations to operators, or of one organization if they ask for it', async () => {
    const all = await everyPage({ correlation_id: correlation }, { operator: true }, 10);
    expect(all.map(({ organization_id }) => organization_id).sort()).toEqual(['org-filter', 'org-filter', 'org-other']);
    const one = await everyPage({ correlation_id: correlation, organization_id: 'org-other' }, { operator: true }, 10);
    expect(one.map(({ organization_id }) => organization_id)).toEqual(['org-other']);
  });

  it("do not return another organization's entry by its id", async () => {
    expect(await log.get(ids[0]!, { organization: 'org-other' })).toBeNull();
    expect(await log.get(ids[0]!, { operator: true })).not.toBeNull();
  });
});

describe('row-level security of the audit tables', () => {
  let api: pg.Client;
  beforeAll(async () => {
    api = await connect(database.apiUrl);
    await plant({ organization: 'org-rls', at: 1 });
  });
  afterAll(() => api.end());

  it.each(['audit.record', 'audit.personal', 'public.events_auditlog'])(
    '%s fails loudly without an organization',
    async (table) => {
      await expect(api.query(`select * from ${table}`)).rejects.toMatchObject({
        code: '42501',
        message: 'audit.organization is not set',
      });
      await api.query(`begin; set local audit.organization = 'org-rls'; commit`);
      await expect(api.query(`select * from ${table}`)).rejects.toMatchObject({ code: '42501' }); // set local leaves ''
    },
  );

  it("hides other organizations' rows from an organization, and shows all rows to an operator", async () => {
    const organizations = async (): Promise<string[]> =>
      (await api.query<{ o: string }>('select distinct organization_id as o from public.events_auditlog')).rows.map(({ o }) => o);
    await api.query(`begin; set local audit.organization = 'org-rls'`);
    expect(await organizations()).toEqual(['org-rls']);
    await api.query('rollback; begin; set local role pikaia_audit_operator');
    expect((await organizations()).length).toBeGreaterThan(1);
    await api.query('rollback');
  });
});

describe('with many rows', () => {
  const many = MAX_EXAMINED + 5_000;
  beforeAll(async () => {
    await owner.query(
      `insert into audit.record (id, organization_id, action, aggregate_type, aggregate_id, actor_type, actor_id, correlation_id,
         entry, entry_hash, changed, created_at)
       select gen_random_uuid(), organization, 'member.a' || n % 50, 'member', 'm' || n % 1000, 'user', 'u' || n % 100, gen_random_uuid(),
         e, sha256(convert_to(e, 'UTF8')), case when n = 1 then array['rare'] else array['role'] end, timestamptz '2026-02-01Z' + n * interval '1 second'
       from generate_series(1, $1::int) n, (values ('org-many'), ('org-small')) as o (organization),
         (values ('{"diff":{"new":null,"old":null},"personal":{}}')) entry (e)
       where organization = 'org-many' or n % 50 = 0`,
      [many],
    );
    await owner.query('analyze audit.record');
  });

  it('examines 20,000 rows per request for a filter that no index serves, and continues from there', async () => {
    const scope = { organization: 'org-many' };
    const first = await log.find({ scope, limit: 10, filter: { changed: 'rare' } });
    expect(first).toEqual({ data: [], next_cursor: expect.any(String) });
    const second = await log.find({ scope, limit: 10, filter: { changed: 'rare' }, cursor: first.next_cursor! });
    expect(second.data.map(({ changed }) => changed)).toEqual([['rare']]);
    expect(second.next_cursor).toBeNull();
  });

  it.each<[string, AuditFilter, AuditScope, string]>([
    ['an organization', {}, { organization: 'org-small' }, 'record_organization'],
    ['one action', { action: 'member.a0' }, { organization: 'org-small' }, 'record_action'],
    ['a prefix of actions', { action: 'member.*' }, { organization: 'org-small' }, 'record_action'],
    ['one actor', { actor_id: 'u50' }, { organization: 'org-small' }, 'record_actor'],
    ['one aggregate', { aggregate_type: 'member', aggregate_id: 'm50' }, { organization: 'org-small' }, 'record_aggregate'],
    ['one request', { correlation_id: randomUUID() }, { organization: 'org-small' }, 'record_correlation_id'],
    ['all organizations', {}, { operator: true }, 'record_created_at'],
  ])('uses the expected index to find the positions of %s', async (_what, filter, scope, index) => {
    const api = await connect(database.apiUrl);
    try {
      await api.query(
        'operator' in scope ? 'begin; set local role pikaia_audit_operator' : `begin; set local audit.organization = 'org-small'`,
      );
      const { text, values } = pageStatement(filter, scope, ['2026-02-01T01:00:00.000000Z', randomUUID()], 21);
      const { rows } = await api.query<{ 'QUERY PLAN': string }>(`explain (costs off) ${text}`, [...values]);
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      const examined = plan.slice(
        plan.indexOf('CTE examined'),
        plan.search(/InitPlan \d+( \(returns \$\d+\))?\n +-> +Aggregate/),
      );
      expect(examined).toContain(index);
      expect(examined).not.toContain('Seq Scan');
      if (index !== 'record_correlation_id') {
        expect(examined).toMatch(/Index (Only )?Scan Backward/);
        // For a prefix, the sort input is one page of each of its actions.
        if (!filter.action?.endsWith('*')) expect(examined).not.toContain('Sort');
        expect(examined).toMatch(/Index Cond: .*ROW\(created_at, id\) </);
      }
    } finally {
      await api.end();
    }
  });
});
