import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { applyHostile } from '../../../../test/support/database/hostile-parsers.cjs';
import { TransactionPooler } from '../../../../test/support/database/transaction.pooler.js';
import { isDirect } from '../client/pooler.js';
import { preparedStatement, prepareStatements } from './prepared-statements.js';

const DOUBLE = preparedStatement('spec-double', 'select $1::int * 2 as doubled');
const NAMES = preparedStatement('spec-names', 'select name from person where id = $1');

describe('preparedStatement', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createDatabase({ empty: true });
  });
  afterAll(() => database.drop());

  async function sendOn(url: string): Promise<{ answers: number[]; prepared: string[] }> {
    const client = await connect(url);
    if (await isDirect(client)) prepareStatements(client);
    const answers: number[] = [];
    for (const number of [1, 2, 3, 4]) {
      const { rows } = await client.query<{ doubled: number }>(DOUBLE, [number]);
      answers.push(rows[0]!.doubled);
    }
    await client.query('select $1::text as other', ['x']);
    const byCallback = await new Promise<pg.QueryResult<{ doubled: number }>>((resolve, reject) =>
      client.query<{ doubled: number }>(DOUBLE, [5], (error, result) => (error ? reject(error) : resolve(result))),
    );
    answers.push(byCallback.rows[0]!.doubled);
    const { rows } = await client.query<{ name: string }>('select name from pg_prepared_statements');
    await client.end();
    return { answers, prepared: rows.map(({ name }) => name) };
  }

  it('prepares only declared statements, and each once, on a direct connection', async () => {
    expect(await sendOn(database.ownerUrl)).toEqual({ answers: [2, 4, 6, 8, 10], prepared: ['spec-double'] });
  });

  it.each(['integers as text', 'everything as text', 'binary results'])(
    'prepares a declared statement when the application has replaced type parsers or defaults of pg: %s',
    async (name) => {
      const undo = applyHostile(name);
      try {
        expect(await sendOn(database.ownerUrl)).toMatchObject({ prepared: ['spec-double'] });
      } finally {
        undo();
      }
    },
  );

  it('does not prepare statements behind a transaction pooler, where a transaction can reach another server process', async () => {
    const pooler = await TransactionPooler.start(database.ownerUrl, 3);
    expect(await sendOn(pooler.proxyUrl(database.ownerUrl))).toEqual({ answers: [2, 4, 6, 8, 10], prepared: [] });
    await pooler.stop();
  });

  it.each<[string, (client: pg.Client) => Promise<unknown>]>([
    ['pg could not convert a parameter', (client) => client.query(DOUBLE, [{ value: 1n }])],
    ['the application has deallocated it', (client) => client.query('deallocate all').then(() => client.query(DOUBLE, [1]))],
  ])('prepares a statement again after %s', async (_, spoil) => {
    const client = await connect(database.ownerUrl);
    await prepareStatements(client);
    await client.query(DOUBLE, [1]);
    await expect(spoil(client)).rejects.toThrow();
    expect((await client.query(DOUBLE, [3])).rows).toEqual([{ doubled: 6 }]);
    await client.end();
  });

  it('prepares a statement again after a migration has changed the type of a column that it returns', async () => {
    const client = await connect(database.ownerUrl);
    prepareStatements(client);
    await client.query(`create table person (id int, name varchar(9))`);
    await client.query(`insert into person values (1, 'Ada')`);
    for (const type of ['text', 'varchar(20)']) {
      await client.query(NAMES, [1]);
      await client.query(`alter table person alter column name type ${type}`);
      await expect(client.query(NAMES, [1])).rejects.toMatchObject({ code: '0A000' });
      expect((await client.query(NAMES, [1])).rows).toEqual([{ name: 'Ada' }]);
    }
    await client.query('drop table person');
    await client.end();
  });

  it('sends a prepared statement again after the server has refused its parameters', async () => {
    const client = await connect(database.ownerUrl);
    prepareStatements(client);
    await expect(client.query(DOUBLE, ['no number'])).rejects.toMatchObject({ code: '22P02' });
    expect((await client.query(DOUBLE, [3])).rows).toEqual([{ doubled: 6 }]);
    await client.end();
  });
});
