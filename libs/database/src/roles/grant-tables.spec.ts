import type pg from 'pg';
import { connect, createDatabase, withConnection, type TestDatabase } from '../../../../test/support/database/database.js';
import { grantTables } from './grant-tables.js';

let database: TestDatabase;
let owner: pg.Client;

beforeEach(async () => {
  database = await createDatabase();
  owner = await connect(database.ownerUrl);
  await owner.query(`
    create schema "Shop"; create table "Shop"."Order" (id serial primary key, note text);
    create table task (id int generated always as identity primary key); create table knex_migrations (id int)`);
});
afterEach(async () => {
  await owner.end();
  await database.drop();
});

const privileges = async (role: string, table: string): Promise<string[]> => {
  const { rows } = await owner.query<{ privilege: string }>(
    `select p as privilege from unnest(array['select', 'insert', 'update', 'delete']) p where has_table_privilege($1, $2, p)`,
    [role, table],
  );
  return rows.map(({ privilege }) => privilege);
};
const ALL = ['select', 'insert', 'update', 'delete'];

describe('grantTables', () => {
  it('grants the tables of a schema and their sequences, those that the owner creates later too, and not the migration tables', async () => {
    await owner.query(grantTables());
    await owner.query('create table later (id serial primary key)');
    for (const role of ['pikaia_api', 'pikaia_worker']) {
      expect(await privileges(role, 'task')).toEqual(ALL);
      expect(await privileges(role, 'later')).toEqual(ALL);
      expect(await privileges(role, 'knex_migrations')).toEqual([]);
      expect(await privileges(role, 'migrations')).toEqual([]);
    }
    await withConnection(database.apiUrl, (client) => client.query('insert into later default values'));
    await expect(owner.query(grantTables())).resolves.toBeDefined(); // also a second time
  });

  it('grants the named tables only, with the privileges and to the process that are named', async () => {
    await owner.query(grantTables({ tables: ['"Shop"."Order"'], to: ['api'], privileges: ['select', 'insert'] }));
    expect(await privileges('pikaia_api', '"Shop"."Order"')).toEqual(['select', 'insert']);
    expect(await privileges('pikaia_worker', '"Shop"."Order"')).toEqual([]);
    expect(await privileges('pikaia_api', 'task')).toEqual([]);
    await withConnection(database.apiUrl, (client) =>
      client.query(`insert into "Shop"."Order" (note) values ('with its sequence')`),
    );
  });

  it('fails for a table that does not exist', async () => {
    await expect(owner.query(grantTables({ tables: ['task', "no_'such"] }))).rejects.toMatchObject({
      code: expect.stringMatching(/^42/),
    });
  });

  it.each(['audit', 'outbox.outbox_log', '"audit"."record"', 'AUDIT.record'])(
    'refuses %s, which belongs to the libraries',
    (name) => {
      expect(() => grantTables(name.includes('.') ? { tables: [name] } : { schemas: [name] })).toThrow(
        'belongs to the libraries',
      );
    },
  );
});
