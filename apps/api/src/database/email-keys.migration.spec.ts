import { newId } from '@pikaia/core';
import { migrate } from '@pikaia/database';
import pg from 'pg';
import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { AddEmailKeys1764000005000, FillEmailKeys1764000005001 } from './email-keys.migration.js';
import { CreateOrganizations1764000003000 } from './example-tables.migration.js';

const LATER = [CreateOrganizations1764000003000, AddEmailKeys1764000005000, FillEmailKeys1764000005001];
const MORE_THAN_TWO_BATCHES = 2_500;

let database: TestDatabase;
let client: pg.Pool;
let organizations: string[];

const migrateTo = (migrations: typeof LATER) =>
  migrate({ url: database.ownerUrl, migrations, passwords: { api: 'api', worker: 'worker' } });
const rows = async <Row extends object = Record<string, unknown>>(sql: string, values: unknown[] = []): Promise<Row[]> =>
  (await client.query(sql, values)).rows as Row[];

/** Inserts a user in the same way as versions before this migration. */
async function oldUser(email: string, name: string | null = null, { operator = false } = {}): Promise<string> {
  const id = newId();
  await client.query('insert into organizations_user (id, email, name, operator) values ($1, $2, $3, $4)', [
    id,
    email,
    name,
    operator,
  ]);
  return id;
}

async function oldMembership(user: string, organization: string, status = 'active'): Promise<string> {
  const id = newId();
  await client.query(
    `insert into organizations_member (id, organization_id, user_id, role, status) values ($1, $2, $3, 'member', $4)`,
    [id, organization, user, status],
  );
  return id;
}

const keyOf = async (user: string) =>
  (await rows('select email_key from organizations_user where id = $1', [user]))[0]!['email_key'];
const typedOf = async (member: string) => (await rows('select email, name from organizations_member where id = $1', [member]))[0];

function silencedConsole(): Disposable {
  const spy = jest.spyOn(console, 'log').mockImplementation(() => undefined);
  return { [Symbol.dispose]: () => spy.mockRestore() };
}

beforeEach(async () => {
  database = await createDatabase({ empty: true });
  await migrateTo([CreateOrganizations1764000003000]);
  client = new pg.Pool({ connectionString: database.ownerUrl, max: 2 });
  organizations = [newId(), newId()];
  for (const [index, id] of organizations.entries()) {
    await client.query(
      `insert into organizations_organization (id, name, slug, provider_id) values ($1, 'Organization', $2, $2)`,
      [id, `organization-${index}`],
    );
  }
});
afterEach(async () => {
  await client.end();
  await database.drop();
});

describe('the migration to canonical email addresses', () => {
  it('sets the key of each person and the address of each membership', async () => {
    const user = await oldUser('Anna@Bücher.example', 'Anna');
    const member = await oldMembership(user, organizations[0]!);
    await migrateTo(LATER);
    expect(await keyOf(user)).toBe('anna@xn--bcher-kva.example');
    expect(await typedOf(member)).toEqual({ email: 'Anna@Bücher.example', name: 'Anna' });
    expect(await rows('select email, name from organizations_user')).toEqual([{ email: 'Anna@Bücher.example', name: 'Anna' }]);
  });

  it('copies the name only to the earliest membership, even if that one was removed', async () => {
    const user = await oldUser('anna@example.com', 'Anna of the first');
    const first = await oldMembership(user, organizations[0]!, 'removed');
    const second = await oldMembership(user, organizations[1]!);
    const third = await oldMembership(user, organizations[0]!);
    await migrateTo(LATER);
    expect(await Promise.all([first, second, third].map(typedOf))).toEqual([
      { email: 'anna@example.com', name: 'Anna of the first' },
      { email: 'anna@example.com', name: null },
      { email: 'anna@example.com', name: null },
    ]);
  });

  it('keeps the name of an operator in organizations_user', async () => {
    const user = await oldUser('olga@example.com', 'Olga Olsen', { operator: true });
    const member = await oldMembership(user, organizations[0]!);
    await migrateTo(LATER);
    expect(await typedOf(member)).toEqual({ email: 'olga@example.com', name: null });
    expect(await rows('select name from organizations_user')).toEqual([{ name: 'Olga Olsen' }]);
  });

  it('keeps a person without a key if mail cannot be sent to the address', async () => {
    const odd = ['\u212aarl@example.com', 'ü@exämple.com', '"a b"@example.com', 'no address', '', 'a@xn--zzzzzz99999.example'];
    const users = await Promise.all(odd.map((email) => oldUser(email)));
    const members = await Promise.all(users.map((user) => oldMembership(user, organizations[0]!)));
    await migrateTo(LATER);
    expect(await Promise.all(users.map(keyOf))).toEqual(odd.map(() => null));
    expect(await Promise.all(members.map(typedOf))).toEqual(odd.map((email) => ({ email, name: null })));
  });

  it('fills more rows than fit in one batch', async () => {
    await client.query(
      `insert into organizations_user (id, email, name)
       select gen_random_uuid(), 'Person' || n || '@Example.com', 'Person ' || n from generate_series(1, $1::int) n`,
      [MORE_THAN_TWO_BATCHES],
    );
    await client.query(
      `insert into organizations_member (id, organization_id, user_id, role, status)
       select gen_random_uuid(), o.id, u.id, 'member', 'invited' from organizations_user u, organizations_organization o`,
    );
    await migrateTo(LATER);
    expect(
      await rows(
        `select (select count(*)::int from organizations_user where email_key = lower(email)) as keys,
           (select count(*)::int from organizations_member where email like 'Person%') as addresses,
           (select count(distinct name)::int from organizations_member) as names,
           (select count(name)::int from organizations_member) as named`,
      ),
    ).toEqual([
      {
        keys: MORE_THAN_TWO_BATCHES,
        addresses: 2 * MORE_THAN_TWO_BATCHES,
        names: MORE_THAN_TWO_BATCHES,
        named: MORE_THAN_TWO_BATCHES,
      },
    ]);
  });

  it('fails and names each pair of users who share a mailbox, and continues after they are merged', async () => {
    const [unicode, ascii, third] = [
      await oldUser('anna@bücher.example', 'Anna'),
      await oldUser('anna@xn--bcher-kva.example'),
      await oldUser('Anna@bu\u0308cher.example'),
    ];
    const [kelvin, kiwi] = [await oldUser('a@\u212aiwi.example'), await oldUser('a@k\u0131wi.example')];
    const member = await oldMembership(third, organizations[0]!);
    using _ = silencedConsole(); // TypeORM also prints the error
    await expect(migrateTo(LATER)).rejects.toMatchObject({
      code: 'PIKAIA_EMAIL_KEY_COLLISION',
      message: expect.stringContaining(`: ${ascii} and ${unicode}; ${third} and ${unicode}. Merge each pair`),
    });
    expect(await keyOf(kelvin)).toBe('a@kiwi.example'); // the other users have keys
    expect(await keyOf(kiwi)).toBe('a@xn--kwi-jua.example');
    expect(await rows('select from organizations_user')).toHaveLength(5);
    await expect(migrateTo(LATER)).rejects.toMatchObject({ code: 'PIKAIA_EMAIL_KEY_COLLISION' });

    for (const other of [ascii, third]) {
      await client.query('update organizations_member set user_id = $2 where user_id = $1', [other, unicode]);
      await client.query(`update organizations_user set email = 'merged-' || id where id = $1`, [other]);
    }
    await migrateTo(LATER);
    expect(await typedOf(member)).toEqual({ email: 'anna@bücher.example', name: 'Anna' });
  });

  it('leaves tables that older code can use, and fills rows of older code when it runs again', async () => {
    await migrateTo(LATER);
    const user = await oldUser('anna@example.com', 'Anna');
    const inserted = await client.query(
      'insert into organizations_user (id, email, name) values ($1, $2, $3) on conflict ((lower(email))) do nothing',
      [newId(), 'ANNA@example.com', null],
    );
    expect(inserted.rowCount).toBe(0);
    const member = await oldMembership(user, organizations[0]!, 'invited');
    expect(await typedOf(member)).toEqual({ email: null, name: null });
    await client.query('delete from migrations where name = $1', ['FillEmailKeys1764000005001']);
    await migrateTo(LATER);
    expect(await typedOf(member)).toEqual({ email: 'anna@example.com', name: 'Anna' });
  });
});
