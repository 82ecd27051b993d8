import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';

const NOW = '2026-01-17T10:23:45Z';
const entry = '{"diff":{"new":null,"old":null},"personal":{}}';
const hash = `sha256(convert_to('${entry}', 'UTF8'))`;
const RECORD = `(id, organization_id, action, aggregate_type, aggregate_id, actor_type, actor_id, correlation_id, entry, entry_hash`;
const values = (): string => `('${randomUUID()}', 'org', 'a.b', 'a', '1', 'user', 'u', '${randomUUID()}', '${entry}', ${hash}`;
const EVENT = `(event_id, event_type, schema_version, aggregate_type, aggregate_id, occurred_at, size, payload`;
const eventValues = (): string => `('${randomUUID()}', 'a.b', 1, 'a', '1', now(), 2, '{}'`;

/** Statements that neither process may execute. */
const attacks = (table: string, column: string): [string, string][] => [
  [`update ${table}`, `update ${table} set ${column} = ${column}`],
  [`delete from ${table}`, `delete from ${table}`],
  [`truncate ${table}`, `truncate ${table}`],
  [`merge into ${table}`, `merge into ${table} t using (select 1) s on true when matched then delete`],
  [`lock ${table} for update`, `select from ${table} for update`],
  [`drop ${table}`, `drop table ${table}`],
  [`alter ${table}`, `alter table ${table} add column more text`],
  [`rename ${table}`, `alter table ${table} rename to gone`],
  [`disable its triggers: ${table}`, `alter table ${table} disable trigger all`],
  [
    `make a trigger on ${table}`,
    `create trigger t before insert on ${table} execute function suppress_redundant_updates_trigger()`,
  ],
  [`make a rule on ${table}`, `create rule r as on insert to ${table} do instead nothing`],
  // The server responds to a grant by a role without grant option with a warning only.
  [`grant on ${table} to itself`, `grant update on ${table} to current_user; update ${table} set ${column} = ${column}`],
];

const asSuperuser = (statement: string): string =>
  `do $$ begin execute format('${statement} %I', (select rolname from pg_roles where oid = 10)); end $$`;

const ATTACKS: [string, string][] = [
  ...attacks('audit.record', 'action'),
  ...attacks('audit.personal', 'fields'),
  ...attacks('outbox.outbox_log', 'payload'),
  ...attacks('outbox.outbox_log_0', 'payload'),
  ['drop policies', 'drop policy api_select on audit.record'],
  ['switch off row-level security', 'alter table audit.record disable row level security'],
  ['drop the schema', 'drop schema audit cascade'],
  ['drop the view', 'drop view public.events_auditlog'],
  ['replace the refusing function', `create or replace function audit.refuse() returns trigger language sql as 'select 1'`],
  ['become the audit owner', 'set role pikaia_audit_owner'],
  ['become the database owner', asSuperuser('set role')],
  ['become another session', asSuperuser('set session authorization')],
  ['act as a replica', 'set session_replication_role = replica'],
  ['drop the guard', 'drop event trigger pikaia_audit_guard'],
  ['write erasing marks', `insert into audit.erased_subject values ('u')`],
  ['forge created_at', `insert into audit.record ${RECORD}, created_at) values ${values()}, '${NOW}')`],
  ['forge txid', `insert into audit.record ${RECORD}, txid) values ${values()}, '1')`],
  ['forge the position of an event', `insert into outbox.outbox_log ${EVENT}, position) values ${eventValues()}, 1)`],
  ['forge the txid of an event', `insert into outbox.outbox_log ${EVENT}, txid) values ${eventValues()}, '1')`],
  ['forge the slot of an event', `insert into outbox.outbox_log ${EVENT}, slot) values ${eventValues()}, 1)`],
  ['forge when an event was recorded', `insert into outbox.outbox_log ${EVENT}, recorded_at) values ${eventValues()}, now())`],
  ['move the positions', `select setval('outbox.outbox_position', 1)`],
];

let database: TestDatabase;
const clients: pg.Client[] = [];

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  clients.push(client);
  return client;
}

const login = (role: string): Promise<pg.Client> => connect(role === 'pikaia_api' ? database.apiUrl : database.workerUrl);

/** Executes `sql` and rolls it back. Returns the error code, or undefined if it succeeded. */
async function attempt(client: pg.Client, sql: string): Promise<string | undefined> {
  await client.query('begin');
  try {
    await client.query(sql);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await client.query('rollback');
  }
}

beforeAll(async () => {
  database = await createDatabase();
  const owner = await connect(database.ownerUrl);
  await owner.query(`insert into audit.record ${RECORD}) values ${values()})`);
  await owner.query(`insert into audit.personal select id, 'u', 'org', sha256(''), '{}' from audit.record`);
  await owner.query(`insert into outbox.outbox_log ${EVENT}) values ${eventValues()})`);
});

afterAll(async () => {
  for (const client of clients) await client.end();
  await database.drop();
});

describe.each(['pikaia_api', 'pikaia_worker'])('%s', (role) => {
  let client: pg.Client;
  beforeAll(async () => {
    client = await login(role);
    await client.query(`set audit.organization = 'org'`);
  });

  it.each(ATTACKS)('cannot edit the log or the audit trail with plain SQL: %s', async (_what, sql) => {
    expect(await attempt(client, sql)).toBe('42501');
  });

  it('may insert audit records and events, so the refusals above are meaningful', async () => {
    expect(await attempt(client, `insert into audit.record ${RECORD}) values ${values()})`)).toBeUndefined();
    expect(await attempt(client, `insert into outbox.outbox_log ${EVENT}) values ${eventValues()})`)).toBeUndefined();
  });

  it('may not insert an entry that has a wrong hash, is not a JSON object, or is too large', async () => {
    const insert = (text: string, of: string): string =>
      `insert into audit.record ${RECORD}) values ${values().replace(`'${entry}', ${hash}`, `'${text}', sha256(convert_to('${of}', 'UTF8'))`)})`;
    expect(await attempt(client, insert('{}', '{}'))).toBeUndefined();
    expect(await attempt(client, insert('{}', '{ }'))).toBe('23514');
    expect(await attempt(client, insert('[]', '[]'))).toBe('23514');
    expect(await attempt(client, insert('{', '{'))).toBe('22P02');
    const long = JSON.stringify({ a: 'x'.repeat(65_536) });
    expect(await attempt(client, insert(long, long))).toBe('23514');
  });
});

describe('the list of refused statements', () => {
  it('detects a right that was granted by mistake', async () => {
    const scratch = await createDatabase();
    const [owner, api] = [new pg.Client(scratch.ownerUrl), new pg.Client(scratch.apiUrl)];
    await Promise.all([owner.connect(), api.connect()]);
    try {
      await owner.query('grant update, delete on outbox.outbox_log to pikaia_api');
      const done: string[] = [];
      for (const [what, sql] of ATTACKS) if ((await attempt(api, sql)) !== '42501') done.push(what);
      expect(done).toEqual([
        'update outbox.outbox_log',
        'delete from outbox.outbox_log',
        'merge into outbox.outbox_log',
        'lock outbox.outbox_log for update',
        'grant on outbox.outbox_log to itself',
      ]);
    } finally {
      await Promise.all([owner.end(), api.end()]);
      await scratch.drop();
    }
  });
});

describe('the owner, a superuser in this test', () => {
  const MISTAKES = [
    'update audit.record set action = action',
    'delete from audit.record',
    'truncate audit.record',
    'update audit.personal set fields = fields',
    'delete from audit.personal',
    'truncate audit.personal',
  ];
  const REDEFINITIONS = [
    'alter table audit.record disable trigger refuse_row',
    'alter table audit.record add column more text',
    'drop trigger refuse_truncate on audit.personal',
    'drop policy api_select on audit.record',
    'drop index audit.record_txid',
    'drop table audit.personal cascade',
    'drop schema audit cascade',
    `create or replace function audit.refuse() returns trigger language plpgsql as 'begin return null; end'`,
    'create table audit.more (id int)',
  ];

  it.each(MISTAKES)('is stopped by a trigger: %s', async (sql) => {
    const owner = await connect(database.ownerUrl);
    expect(await attempt(owner, sql)).toBe('42501');
    await owner.query('set session_replication_role = replica');
    expect(await attempt(owner, sql)).toBe('42501');
  });

  it.each(REDEFINITIONS)('is stopped by the guard: %s', async (sql) => {
    const owner = await connect(database.ownerUrl);
    expect(await attempt(owner, sql)).toBe('42501');
    expect(await attempt(owner, `set local audit.migrating = 'yes'; ${sql}`)).toBeUndefined();
    await owner.query('set session_replication_role = replica');
    expect(await attempt(owner, sql)).toBe('42501');
  });

  it('may change objects outside schema audit', async () => {
    const owner = await connect(database.ownerUrl);
    expect(await attempt(owner, 'create table public.audit_like (id int); drop table public.audit_like')).toBeUndefined();
  });
});

describe('audit.erase', () => {
  it('removes the values of a marked person and no others, and only the worker may call it', async () => {
    const worker = await login('pikaia_worker');
    const [id, subject] = [randomUUID(), `u-${randomUUID()}`];
    const owner = await connect(database.ownerUrl);
    for (const person of [subject, 'other']) {
      await owner.query(`insert into audit.personal values ($1, $2, 'org', sha256(''), '{}')`, [id, person]);
    }
    await expect(worker.query('select audit.erase($1)', [subject])).rejects.toMatchObject({ code: '55000' });
    await worker.query('select audit.mark_erased($1)', [subject]);
    expect((await worker.query<{ erase: string }>('select audit.erase($1)', [subject])).rows).toEqual([{ erase: '1' }]);
    expect((await owner.query('select subject_id from audit.personal where record_id = $1', [id])).rows).toEqual([
      { subject_id: 'other' },
    ]);
    const api = await login('pikaia_api');
    await expect(api.query('select audit.mark_erased($1)', [subject])).rejects.toMatchObject({ code: '42501' });
    await expect(api.query('select audit.erase($1)', [subject])).rejects.toMatchObject({ code: '42501' });
  });

  it('leaves no function of the log executable by public', async () => {
    const owner = await connect(database.ownerUrl);
    const { rows } = await owner.query<{ name: string }>(
      `select p.oid::regprocedure::text as name from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
       where p.pronamespace = 'audit'::regnamespace and a.grantee = 0`,
    );
    expect(rows).toEqual([]);
  });
});
