import { runQuery } from './insights.interpreter.js';

const lines = (...events: object[]): string[] =>
  events.map((event, index) => JSON.stringify({ timestamp: `2026-03-01T12:00:0${index}.000Z`, ...event }));
const rows = (query: string, ...events: object[]) => runQuery(query, lines(...events)).rows;

/** Each title ends with the AWS documentation page that specifies the behavior. The page names begin with CWL_QuerySyntax. */
describe('the Logs Insights interpreter', () => {
  it('discovers nested fields by dots and items by their index (CWL_AnalyzeLogData-discoverable-fields)', () => {
    const event = { userIdentity: { type: 'AssumedRole' }, 'http.method': 'GET', items: [{ id: 'i-1' }, { id: 'i-2' }] };
    expect(rows('fields userIdentity.type, `http.method`, items.1.id', event)).toEqual([
      { 'userIdentity.type': 'AssumedRole', 'http.method': 'GET', 'items.1.id': 'i-2' },
    ]);
  });

  it('filters by comparisons and Boolean operators (-Filter: range > 3000 and accountId)', () => {
    const events = [{ range: 3001, accountId: 1 }, { range: 3000, accountId: 1 }, { range: 9, accountId: 1 }, { range: 3002 }];
    expect(rows('fields range | filter (range>3000 and accountId=1)', ...events)).toEqual([{ range: 3001 }]);
    expect(rows('fields range | filter not (range >= 3000) or range = 3002', ...events)).toEqual([{ range: 3002 }, { range: 9 }]);
  });

  it('tests for complete matches in a set, and for substrings and patterns by like (-Filter)', () => {
    const events = [{ logGroup: 'example_group' }, { logGroup: 'example_group_2' }, {}];
    expect(rows('fields logGroup | filter logGroup in ["example_group"]', ...events)).toEqual([{ logGroup: 'example_group' }]);
    expect(rows('fields logGroup | filter logGroup like "group_2"', ...events)).toEqual([{ logGroup: 'example_group_2' }]);
    expect(rows('fields logGroup | filter logGroup like /p$/', ...events)).toEqual([{ logGroup: 'example_group' }]);
  });

  it('computes with arithmetic operators, division before a comma too (-operations-functions)', () => {
    expect(rows('fields a / 2 as half, (a + 1) * b as other # a comment\n| filter b / 1 = 3', { a: 4, b: 3 })).toEqual([
      { half: 2, other: 15 },
    ]);
    expect(rows('fields gone / 2 as half', {})).toEqual([{}]);
  });

  it('counts and aggregates by fields and by bins of time (-Stats: stats count(*) by queryType, bin(1h))', () => {
    const events = [{ type: 'A', n: 1 }, { type: 'A', n: 3 }, { type: 'B' }];
    expect(
      rows('stats count(*) as all, count(n) as some, avg(n), max(n) + 1 as more by type, bin(1h) | sort all desc', ...events),
    ).toEqual([
      { type: 'A', 'bin(1h)': '2026-03-01T12:00:00.000Z', all: 2, some: 2, 'avg(n)': 2, more: 4 },
      { type: 'B', 'bin(1h)': '2026-03-01T12:00:00.000Z', all: 1, some: 0 },
    ]);
    expect(
      rows(
        'stats pct(n, 50) as p50, pct(n, 99) as p99, earliest(n) as first, latest(n) as last, count_distinct(type) as types',
        ...events,
      ),
    ).toEqual([{ p50: 1, p99: 3, first: 1, last: 3, types: 2 }]);
    expect(rows('filter n > 9 | stats count(*) as none', ...events)).toEqual([{ none: 0 }]);
  });

  it('sorts by several keys, in descending order by default (-Sort), and limits (-Limit)', () => {
    const events = [
      { a: 1, b: 'x' },
      { a: 10, b: 'x' },
      { a: 9, b: 'w' },
    ];
    expect(rows('fields a', ...events).map(({ a }) => a)).toEqual([9, 10, 1]);
    expect(rows('fields a | sort b desc, a asc | limit 2', ...events).map(({ a }) => a)).toEqual([1, 10]);
  });

  it('keeps the first row of each value in the sort order, and every row without a value (-Dedup)', () => {
    const events = [{ server: 'a', n: 1 }, { server: 'a', n: 2 }, { n: 3 }, { n: 4 }];
    const query = 'fields server, n | sort @timestamp desc | dedup server';
    expect(rows(query, ...events).map(({ n }) => n)).toEqual([4, 3, 2]);
    expect(() => rows(`${query} | sort n desc`, ...events)).toThrow('only limit may follow dedup');
  });

  it('shows the fields of display, otherwise of fields, otherwise time and message (-Display)', () => {
    expect(rows('fields a, b | display b', { a: 1, b: 2 })).toEqual([{ b: 2 }]);
    expect(Object.keys(rows('filter a = 1', { a: 1 })[0]!)).toEqual(['@timestamp', '@message']);
  });

  it('reports the fields of a query that no line has', () => {
    const query = 'fields a, typo | filter `b.typo` = 1 | stats count(c) as d by e | sort d desc, f asc';
    expect(runQuery(query, lines({ a: 1 })).unknown).toEqual(['typo', 'b.typo', 'c', 'e', 'f']);
  });

  it.each([
    ['fields foo-bar as x, `foo-bar', 'an unterminated backtick'],
    ['fields a | pattern @message', 'an unknown command'],
    ['filter regexp_matches(a, "x")', 'an unknown function'],
    ['stats median(a)', 'an unknown function of stats'],
    ["filter a = 'x'", 'single quotes'],
    ['filter a == 1', 'an unknown operator'],
    ['fields a / 2', 'a computed column without a name'],
    ['filter a =', 'an incomplete comparison'],
    ['fields a |', 'an incomplete query'],
    ['filter gone != 1', 'a comparison with a missing field, which is not documented'],
    ['limit some', 'a limit that is not a number'],
  ])('rejects %j: %s', (query) => {
    expect(() => rows(query, { a: 1 })).toThrow();
  });
});
