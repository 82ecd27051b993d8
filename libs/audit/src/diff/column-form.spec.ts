import fc from 'fast-check';
import { diffsIn, type ProcessDiff } from '../../../../test/support/audit/diff-process.js';
import { SPELLED, type SpelledValue, type Spelling } from '../../../../test/support/audit/spellings.js';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { columnForm } from './column-form.js';

const TYPES = Object.keys(SPELLED);
const TIME_ZONES = ['Pacific/Auckland', 'America/St_Johns', 'Asia/Kolkata'];

const valuesOf = (type: string): SpelledValue[] => fc.sample(SPELLED[type]!, { numRuns: 150, seed: 20_260_117 });
const single = (type: string, value: Spelling) => ({ [type]: value });

describe.each(TIME_ZONES)('diff in a process in the time zone %s', (timeZone) => {
  it('shows no change between any two spellings of one value', () => {
    const pairs = TYPES.flatMap((type) =>
      valuesOf(type).flatMap(({ spellings }) =>
        spellings.map((spelling) => [single(type, spellings[0]!), single(type, spelling)] as const),
      ),
    );
    const changes = diffsIn(timeZone, TYPES, pairs).flatMap(({ changed }, index) => (changed.length ? [pairs[index]] : []));
    expect([pairs.length > 1_000, changes]).toEqual([true, []]);
  });

  it('shows a change between any two different values', () => {
    const pairs = TYPES.flatMap((type) => {
      const values = valuesOf(type);
      return values.flatMap((value, index) => {
        const next = values[index + 1] ?? values[0]!;
        const spelling = next.spellings[index % next.spellings.length]!;
        return next.key === value.key ? [] : [[single(type, value.spellings[0]!), single(type, spelling)] as const];
      });
    });
    const unnoticed = diffsIn(timeZone, TYPES, pairs).flatMap(({ changed }, index) => (changed.length ? [] : [pairs[index]]));
    expect([pairs.length > 1_000, unnoticed]).toEqual([true, []]);
  });

  it('leads from the old state of an entity to the new one, if the diff is applied', () => {
    const entity = fc.record(Object.fromEntries(TYPES.map((type) => [type, fc.option(SPELLED[type]!.map(({ spellings }) => spellings.at(-1)!))]))); // prettier-ignore
    const pairs = fc.sample(fc.tuple(entity, entity), { numRuns: 200, seed: 41 }) as Array<
      [Record<string, Spelling>, Record<string, Spelling>]
    >;
    const wrong = diffsIn(timeZone, TYPES, pairs).filter(
      (one) => JSON.stringify(applied(one)) !== JSON.stringify(complete(one.after)),
    );
    expect(wrong).toEqual([]);
  });

  it('records the day that the column stores for a Date, and not the UTC day', () => {
    const [changes] = diffsIn(timeZone, TYPES, [[{ date: '2026-01-16' }, { date: { $local: [2026, 0, 17] } }]]);
    expect(changes).toMatchObject({ old: { date: '2026-01-16' }, new: { date: '2026-01-17' } });
  });
});

/** All columns of a state: a null is not in the diff of a created entity. */
const complete = (state: ProcessDiff['after']) => Object.fromEntries(TYPES.map((type) => [type, state[type] ?? null]));
const applied = ({ before, old, new: now, changed }: ProcessDiff) => {
  expect(changed.every((name) => JSON.stringify(old[name]) === JSON.stringify(before[name] ?? null))).toBe(true);
  return { ...complete(before), ...now };
};

describe('columnForm beside PostgreSQL', () => {
  let database: TestDatabase;
  beforeAll(async () => (database = await createDatabase()));
  afterAll(() => database.drop());

  it.each(TIME_ZONES)('agrees with the value that a column stores, as a session in %s prints it', async (timeZone) => {
    const client = await connect(database.ownerUrl);
    try {
      await client.query(`set time zone '${timeZone}'`);
      for (const type of TYPES) {
        const texts = valuesOf(type).flatMap(({ spellings }) => spellings.filter((one) => typeof one === 'string'));
        const { rows } = await client.query<{ text: string; stored: string }>(
          `select text, text::${type}::text as stored from unnest($1::text[]) text`,
          [texts],
        );
        const wrong = rows.filter(({ text, stored }) => formOf(type, text) !== formOf(type, stored));
        expect([type, rows.length >= 150, wrong]).toEqual([type, true, []]);
      }
    } finally {
      await client.end();
    }
  });

  const formOf = (type: string, text: string): string => JSON.stringify(columnForm(text, { name: type }));

  it.each([
    ['interval', '1.5 years 1.5 months 1.5 weeks 1.5 days 1.5 hours'],
    ['interval', '1 2:03:04'],
    ['interval', '90'],
    ['interval', '1-2'],
    ['interval', '@ 1 year -2 mons'],
    ['interval', 'P1.5Y2WT0.5S'],
    ['timestamptz', '0044-03-15 12:00:00+00 BC'],
    ['timestamptz', '1900-01-01 00:00:00.9999996+01:22:30'],
    ['timestamptz', '2026-01-17 24:00:00Z'],
    ['timestamptz', '-infinity'],
    ['date', '17 January 2026'],
    ['date', '0044-03-15 BC'],
    ['date', '12026-01-17'],
    ['time', '24:00:00'],
    ['time', '12:30 am'],
    ['timetz', '10:00:00.5Z'],
    ['timetz', '10:00-3:30'],
    ['numeric', 'nan'],
    ['numeric', '-Infinity'],
    ['float8', '1e2'],
  ])('reads the %s %s as PostgreSQL does', async (type, text) => {
    const client = await connect(database.ownerUrl);
    const { rows } = await client.query<{ stored: string }>(`select $1::text::${type}::text as stored`, [text]);
    await client.end();
    expect(formOf(type, text)).toBe(formOf(type, rows[0]!.stored));
  });

  it.each<[string, unknown, unknown]>([
    ['numeric', '1.005', '1.01'],
    ['numeric', -0.995, '-1.00'],
    ['numeric', '0.001', '0'],
  ])('rounds a %s of %p as a column with two decimals does', (name, value, stored) => {
    expect(columnForm(value, { name, scale: 2 })).toBe(columnForm(stored, { name }));
  });

  it.each<[string, unknown]>([
    ['date', 'soon'],
    ['date', '2026-02-31'],
    ['timestamptz', ''],
    ['time', '25:00'],
    ['interval', 'a while'],
    ['interval', '9999999999999999 hours'],
    ['money', 'free'],
    ['numeric', 'ten'],
    ['uuid', 'member-1'],
    ['integer', ' '],
  ])('keeps text that is not a %s, such as %p, as it is', (name, value) => {
    expect(columnForm(value, { name })).toBe(value);
  });

  it('compares each item of a list in the type of the column', () => {
    expect(columnForm(['1.50', 2, null], { name: 'numeric' })).toEqual(['1.5', '2', null]);
  });

  it.each(TYPES)(
    'returns storable JSON for lists with holes, cycles, getters that throw and long texts in a column %s',
    (name) => {
      const cycle: unknown[] = ['1'];
      cycle.push(cycle);
      const broken = {
        get days(): number {
          throw new Error('no');
        },
      };
      const long = `1${' '.repeat(1_000_000)}a1`;
      const holes: unknown[] = [];
      holes.length = 2;
      const forms = [cycle, broken, long, holes, [holes], '\u0000'].map((value) => columnForm(value, { name }));
      expect(forms).toEqual([
        expect.arrayContaining(['[circular]']),
        { days: '[unreadable]' },
        long,
        [null, null],
        [[null, null]],
        '\ufffd',
      ]);
    },
  );
});
