import fc from 'fast-check';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { statementShape } from './statement-shape.js';

const CANARY = 'canary';

/** Notations of a text in SQL. A test below asks PostgreSQL to verify that each of them contains the canary. */
const STRINGS: readonly string[] = [
  `'${CANARY}'`,
  `E'${CANARY}'`,
  `e'c\\x61nary'`,
  `E'it\\'s ${CANARY}'`,
  `E'\\\\' || '${CANARY}'`,
  `E'it''s ${CANARY} \\\\'`,
  `'it''s ${CANARY}'`,
  `'--' || '${CANARY}'`,
  `'/*' || '${CANARY}*/'`,
  `'a\\' || '${CANARY}'`,
  `U&'${CANARY}'`,
  `u&'\\0063anary'`,
  `U&'c!0061nary' uescape '!'`,
  `N'${CANARY}'`,
  `$$${CANARY}$$`,
  `$a_1$it's $$ $b$ ${CANARY}$a_1$`,
  `$é$${CANARY}$é$`,
  `'can'\n'ary'`,
  `text'${CANARY}'`,
  `/* a /* nested */ ' */'${CANARY}'`,
  `-- it's\n'${CANARY}'`,
  `cast('${CANARY}'as text)`,
  `(x'63616e617279'::text)`,
];

describe('statementShape', () => {
  it.each([
    ['select 1', 'select ?', 'SELECT'],
    [
      '  SELECT  *\n\tfrom  t1 where a=1.5e-3 and b = .5 and c= 0xFF and d=1_000',
      'SELECT * from t1 where a=? and b = ? and c= ? and d=?',
      'SELECT',
    ],
    [
      'select "T"."a 1" as "T_a" from "T" where "T"."a 1" = $1',
      'select "T"."a 1" as "T_a" from "T" where "T"."a 1" = $1',
      'SELECT',
    ],
    ['insert into t(a, b) values ($1, $2), ($3, $4)', 'insert into t(a, b) values ($1, …), ($3, …)', 'INSERT'],
    ["delete from t where a in ('x', 'y','z')", 'delete from t where a in (?, …)', 'DELETE'],
    ['update t set a = a - 1, b = $2::jsonb -> $3', 'update t set a = a - ?, b = $2::jsonb -> $3', 'UPDATE'],
    [
      'with a as (select 1), b as (update t set x = 1) insert into c table a',
      'with a as (select ?), b as (update t set x = ?) insert into c table a',
      'INSERT',
    ],
    ['/* who: canary */ commit -- canary', 'commit', 'COMMIT'],
    ['START TRANSACTION', 'START TRANSACTION', 'START'],
    ["create role r password 'canary'", 'create role r password ?', 'CREATE'],
    ['frobnicate', 'frobnicate', 'OTHER'],
    ['', '', 'OTHER'],
  ])('returns for the statement %j the text %j', (sql, text, operation) => {
    expect(statementShape(sql)).toEqual({ text, operation });
  });

  it.each([
    ["select 'canary", 'select ?'],
    ["select E'\\", 'select ?'],
    ['select $q$ canary $p$', 'select ?'],
    ['select /* canary', 'select'],
    ['select "never closed', 'select "never closed'],
  ])('returns for the unterminated statement %j the text %j', (sql, text) => {
    expect(statementShape(sql).text).toBe(text);
  });

  it('limits the length of its result and takes linear time for any statement', () => {
    const many = `select ${Array.from({ length: 100_000 }, (_, index) => `c${index}`).join(', ')}`;
    expect(statementShape(many).text).toMatch(/^select c0, .*…$/);
    expect(statementShape(many).text).toHaveLength(1_000);
    const before = process.cpuUsage();
    for (const hostile of ["'", '"', '$a', '/*', '(', "E'\\", '1e', "''", '$$']) statementShape(hostile.repeat(50_000));
    expect(process.cpuUsage(before).user / 1e6).toBeLessThan(2); // seconds; quadratic time would be longer
  });

  describe('compared with PostgreSQL', () => {
    let database: TestDatabase;
    let client: pg.Client;

    beforeAll(async () => {
      database = await createDatabase({ empty: true });
      client = await connect(database.ownerUrl);
    });
    afterAll(async () => {
      await client.end();
      await database.drop();
    });

    it.each(STRINGS)('removes the value that the server reads from %j', async (literal) => {
      const sql = `select ${literal} as value`;
      const { rows } = await client.query<{ value: string }>(sql);
      expect(/canary|0110001101100001/.test(rows[0]!.value)).toBe(true); // the literal contains it
      expect(statementShape(sql).text).not.toMatch(/canary|ary|anary|6361/);
    });

    it('removes all literals and keeps all names of randomly generated statements', async () => {
      const literal = fc.constantFrom(...STRINGS);
      const gap = fc.constantFrom(' ', '\n', '/**/', ' -- x\n', '\t');
      const name = fc.constantFrom('kept', '"kept"', '"ke""pt"', 'kept$1');
      const column = fc.tuple(literal, gap, name).map(([value, white, alias]) => `${value}${white}as ${alias}`);
      const statements = fc.array(column, { minLength: 1, maxLength: 5 }).map((columns) => `select ${columns.join(',')}`);
      await fc.assert(
        fc.asyncProperty(statements, async (sql) => {
          await client.query(`${sql} limit 0`); // verifies that the statement is valid SQL
          const { text } = statementShape(sql);
          expect(text).not.toMatch(/ary|'/);
          expect(text.match(/ke""pt|kept/g)).toEqual(sql.match(/ke""pt|kept/g));
        }),
        { numRuns: 200 },
      );
    });
  });
});
