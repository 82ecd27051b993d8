import { captureLogs } from '@pikaia/logging/testing';
import type pg from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { refusePowerfulRole } from '../roles/role-power.js';
import type { RoleNames } from '../roles/role-names.js';
import { migrate } from './migrate.js';

// Roles belong to the cluster, so this suite uses unique role names.
const mark = `m${process.pid}_${Date.now().toString(36)}`;
const roles: RoleNames = {
  api: `${mark}_api`,
  worker: `${mark}_worker`,
  auditOwner: `${mark}_audit_owner`,
  auditOperator: `${mark}_audit_operator`,
};
const ownerName = `${mark}_owner`;
const databases: TestDatabase[] = [];

class CreateThing1764000000001 implements MigrationInterface {
  readonly name = 'CreateThing1764000000001';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create schema outbox; create table outbox.thing (id int); grant usage on schema outbox to ${roles.api}`);
  }
  async down(): Promise<void> {}
}

class IndexThing1764000000002 implements MigrationInterface {
  readonly name = 'IndexThing1764000000002';
  readonly transaction = false;
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create index concurrently on outbox.thing (id)');
  }
  async down(): Promise<void> {}
}

async function on<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** An empty database that belongs to a role without superuser. */
async function ownDatabase(): Promise<TestDatabase & { url: string }> {
  const made = await createDatabase({ empty: true });
  databases.push(made);
  const name = new URL(made.ownerUrl).pathname.slice(1);
  await on(made.ownerUrl, (client) => client.query(`alter database ${name} owner to ${ownerName}`));
  return { ...made, url: as(made.ownerUrl, ownerName) };
}

function as(url: string, user: string, password = 'secret'): string {
  return Object.assign(new URL(url), { username: user, password }).href;
}

const run = (url: string) =>
  migrate({ url, migrations: [CreateThing1764000000001], roles, passwords: { api: 'secret', worker: 'secret' } });
const admin = (sql: string) => on(process.env['PIKAIA_TEST_SERVER']!, (client) => client.query(sql));

beforeAll(() => admin(`create role ${ownerName} login createrole password 'secret'`));

afterAll(async () => {
  for (const database of databases) await database.drop();
  const made = await admin(`select rolname from pg_roles where starts_with(rolname, '${mark}_')`);
  for (const { rolname } of made.rows as { rolname: string }[]) await admin(`drop owned by ${rolname}; drop role ${rolname}`);
});

describe('migrate', () => {
  it('runs as an owner without superuser in eight databases concurrently and creates each role once', async () => {
    const eight = await Promise.all(Array.from({ length: 8 }, () => ownDatabase()));
    const done = await Promise.all(eight.map(({ url }) => run(url)));
    expect(done.flatMap(({ createdRoles }) => createdRoles).toSorted()).toEqual(Object.values(roles).toSorted());
    expect(done.map(({ applied }) => applied)).toEqual(eight.map(() => ['CreateThing1764000000001']));
  });

  it('applies each migration once when it runs concurrently and again later', async () => {
    const { url } = await ownDatabase();
    const done = await Promise.all([run(url), run(url), run(url)]);
    expect(done.flatMap(({ applied }) => applied)).toEqual(['CreateThing1764000000001']);
    expect(await run(url)).toEqual({ createdRoles: [], applied: [] });
  });

  it('builds an index concurrently while another call waits for its turn', async () => {
    const { url } = await ownDatabase();
    const migrations = [CreateThing1764000000001, IndexThing1764000000002];
    const both = await Promise.all([1, 2].map(() => migrate({ url, migrations, roles })));
    expect(both.flatMap(({ applied }) => applied)).toEqual(migrations.map(({ name }) => name));
  });

  it('keeps the password of an existing role', async () => {
    const { url, ownerUrl } = await ownDatabase();
    await run(url);
    await migrate({ url, migrations: [], roles, passwords: { api: 'another', worker: 'another' } });
    await expect(on(as(ownerUrl, roles.api), (client) => client.query('select 1'))).resolves.toBeDefined();
  });

  it('changes the password of an existing role when renewPasswords is true', async () => {
    const { url, ownerUrl } = await ownDatabase();
    await run(url);
    const set = (api: string) =>
      migrate({ url, migrations: [], roles, passwords: { api, worker: 'secret' }, renewPasswords: true });
    const opens = (password: string) => on(as(ownerUrl, roles.api, password), (client) => client.query('select 1'));
    await set('another');
    await expect(opens('another')).resolves.toBeDefined();
    await expect(opens('secret')).rejects.toMatchObject({ code: '28P01' });
    await set('secret'); // the password that the other tests of this suite use
  });

  it('creates the role of people only with its password, and lets it read like an operator and write nothing', async () => {
    const { url, ownerUrl } = await ownDatabase();
    const names = { ...roles, reader: `${mark}_people` };
    const work = (passwords: { api: string; worker: string; reader?: string }) =>
      migrate({ url, migrations: [CreateThing1764000000001], roles: names, passwords, renewPasswords: true });
    expect((await work({ api: 'secret', worker: 'secret' })).createdRoles).not.toContain(names.reader);
    expect((await work({ api: 'secret', worker: 'secret', reader: 'secret' })).createdRoles).toContain(names.reader);
    await on(url, (owner) => owner.query(`grant usage on schema outbox to ${roles.auditOperator}; grant select, insert on outbox.thing to ${roles.auditOperator}`)); // prettier-ignore
    await on(as(ownerUrl, names.reader), async (reader) => {
      expect((await reader.query('select * from outbox.thing')).rows).toEqual([]);
      await expect(reader.query('insert into outbox.thing values (1)')).rejects.toMatchObject({ code: '25006' }); // read-only
      expect((await reader.query(`show statement_timeout`)).rows).toEqual([{ statement_timeout: '1min' }]);
    });
    await work({ api: 'secret', worker: 'secret', reader: 'another' });
    await expect(on(as(ownerUrl, names.reader), (client) => client.query('select 1'))).rejects.toMatchObject({ code: '28P01' });
  });

  describe('the limits of the login roles', () => {
    const limits = async () => {
      const { rows } = await admin(
        `select rolname, rolconfig from pg_roles where rolname in ('${roles.api}', '${roles.worker}')`,
      );
      return Object.fromEntries(
        (rows as { rolname: string; rolconfig: string[] }[]).map((row) => [row.rolname, row.rolconfig.toSorted()]),
      );
    };
    const idle = (milliseconds: number) => `idle_in_transaction_session_timeout=${milliseconds}`;

    it('are set when the roles are created, so that they apply behind a pooler', async () => {
      await run((await ownDatabase()).url);
      expect(await limits()).toEqual({
        [roles.api]: [idle(30_000), 'statement_timeout=15000'],
        [roles.worker]: [idle(30_000), 'statement_timeout=900000'],
      });
    });

    it('stay as an operator set them, until the migration gets a timeout', async () => {
      const { url } = await ownDatabase();
      await run(url);
      await admin(`alter role ${roles.api} set statement_timeout = '3s'`);
      await run(url);
      expect((await limits())[roles.api]).toEqual([idle(30_000), 'statement_timeout=3s']);
      await migrate({ url, migrations: [], roles, statementTimeoutMs: 20_000 });
      expect(await limits()).toEqual({
        [roles.api]: [idle(40_000), 'statement_timeout=20000'],
        [roles.worker]: [idle(40_000), 'statement_timeout=900000'],
      });
    });

    it('are logged as missing when the owner may not alter the roles', async () => {
      const foreign = { ...roles, api: `${mark}_foreign_api`, worker: `${mark}_foreign_worker` };
      for (const role of [foreign.api, foreign.worker]) await admin(`create role ${role} login password 'secret'`);
      const { url } = await ownDatabase();
      await run(url); // the owner may grant the role of operators
      using logs = captureLogs();
      await migrate({ url, migrations: [], roles: foreign });
      expect(logs.records.map(({ event, role, setting }) => [event, role, setting])).toContainEqual([
        'database_role_not_limited',
        foreign.api,
        'statement_timeout',
      ]);
    });
  });

  it('refuses an owner without the required privileges and lists all of them', async () => {
    const { ownerUrl } = await ownDatabase();
    await admin(`create role ${mark}_weak login password 'secret'`);
    await on(ownerUrl, (client) => client.query('revoke all on schema public from public'));
    await expect(run(as(ownerUrl, `${mark}_weak`))).rejects.toMatchObject({
      code: 'PIKAIA_DATABASE_OWNER_LACKS_RIGHTS',
      message: expect.stringMatching(/lacks: CREATEROLE, CREATE on database test_\w+, CREATE on schema public\./),
    });
  });
});

describe('refusePowerfulRole', () => {
  let url: string;
  const verdictOf = (role: string, password = 'secret') =>
    on(as(url, role, password), (client) =>
      refusePowerfulRole({ query: async (...query) => (await client.query(...query)).rows }, roles),
    );

  beforeAll(async () => {
    const made = await ownDatabase();
    url = made.ownerUrl;
    await run(made.url);
  });

  it.each(['api', 'worker'] as const)('accepts the role of the %s', async (name) => {
    await expect(verdictOf(roles[name])).resolves.toBeUndefined();
  });

  it.each([
    ['the owner', () => ownerName, '', /createrole via|owner via/],
    ['a superuser', () => `${mark}_super`, 'superuser', /superuser via/],
    ['a role that bypasses row-level security', () => `${mark}_bypass`, 'bypassrls', /bypassrls via/],
    ['a role that can switch to the owner', () => `${mark}_member`, `in role ${ownerName} noinherit`, /member > \w+_owner/],
    [
      'a role that reads all organizations',
      () => `${mark}_reader`,
      `in role ${roles.auditOperator}`,
      /inherits \w+_audit_operator/,
    ],
    ['a role that can write to every table', () => `${mark}_writer`, 'in role pg_write_all_data', /built-in role via/],
  ])('refuses %s with a message that gives the reason', async (_, name, rights, why) => {
    if (rights) await admin(`create role ${name()} login ${rights} password 'secret'`);
    await expect(verdictOf(name())).rejects.toMatchObject({
      code: 'PIKAIA_DATABASE_ROLE_TOO_POWERFUL',
      message: expect.stringMatching(why),
    });
  });
});
