import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { applyHostile, HOSTILE_SETS } from '../../../../test/support/database/hostile-parsers.cjs';
import { queryJsonPage, queryJsonRows } from './json-rows.js';

const SELECT = `
  with numbered as (select generate_series(1, 3) as n)
  select n, n = 1 as first, array[n::text, null] as texts, jsonb_build_object('n', n) as document, null::timestamptz as never,
    (9007199254740990 + n)::text as big, timestamptz '2026-01-02 03:04:05.678901+00' as at, 0.5::float8 as half
  from numbered where n < $1::int order by n desc`;

describe('queryJsonRows', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createDatabase({ empty: true });
  });
  afterAll(() => database.drop());

  // Without the sets that replace the parser of text or set a statement timeout of one millisecond.
  it.each(HOSTILE_SETS.filter((name) => !/capitals|everything|millisecond/.test(name)))(
    'returns the rows in order, with the values of the default pg parsers, when the application has changed pg: %s',
    async (name) => {
      const undo = applyHostile(name);
      const client = await connect(database.ownerUrl);
      const source = { query: async (sql: string, values: unknown[]) => (await client.query(sql, values)).rows };
      try {
        const row = (n: number) => ({
          n,
          first: n === 1,
          texts: [String(n), null],
          document: { n },
          never: null,
          big: `900719925474099${n}`,
          at: new Date('2026-01-02T03:04:05.678Z'),
          half: 0.5,
        });
        expect(await queryJsonRows<ReturnType<typeof row> & object>(source, SELECT, [3], ['at', 'never'])).toEqual([
          row(2),
          row(1),
        ]);
        expect(await queryJsonRows(source, SELECT, [0])).toEqual([]);
      } finally {
        await client.end();
        undo();
      }
    },
  );
});

describe('queryJsonPage', () => {
  it('returns the first rows that have the maximum size together, at least one, and the number of all rows', async () => {
    const database = await createDatabase({ empty: true });
    const client = await connect(database.ownerUrl);
    const source = { query: async (sql: string, values: unknown[]) => (await client.query(sql, values)).rows };
    const select = `select n, repeat('ä', 45) as text, timestamptz '2026-01-02 03:04:05+00' as at from generate_series($1::int, 1, -1) n`;
    const find = (count: number, maxBytes: number) =>
      queryJsonPage<{ n: number; at: Date }>(source, select, [count], ['at'], maxBytes);
    try {
      const { rows, selected } = await find(10, 500); // a row has 149 or 150 bytes
      expect([rows.map(({ n }) => n), selected]).toEqual([[10, 9, 8], 10]);
      expect(rows[0]!.at).toEqual(new Date('2026-01-02T03:04:05Z'));
      expect(await find(2, 1)).toMatchObject({ rows: [{ n: 2 }], selected: 2 });
      expect(await find(0, 500)).toEqual({ rows: [], selected: 0 });
    } finally {
      await client.end();
      await database.drop();
    }
  });
});
