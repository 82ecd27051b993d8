import pg, { type ClientBase } from 'pg';

const FRACTION = Symbol.for('pikaia.date-fraction');

/** The six fraction digits of the time from which a Date was parsed, and the value that it had then. */
interface Fraction {
  readonly digits: string;
  readonly ms: number;
}

type ExactDate = Date & { readonly [FRACTION]?: Fraction };

/** The types `timestamp` and `timestamptz`, and lists of them. */
const TIME_OIDS: ReadonlySet<number> = new Set([1114, 1115, 1184, 1185]);
const TIME = /\d\d:\d\d:\d\d(?:\.(\d+))?/g;

/**
 * The type parsers of `pg.types`, which the application can replace. Each Date that they make of a time with microseconds also
 * keeps the digits that a Date cannot hold; see `exactTime`. Nothing else about the Date changes.
 */
export const EXACT_TYPES = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    const parse = pg.types.getTypeParser(oid, format as 'text') as (text: string) => unknown;
    if (format === 'binary' || !TIME_OIDS.has(oid)) return parse;
    return (text: string) => {
      const value = parse(text);
      keepFractions(value, text);
      return value;
    };
  },
} as pg.CustomTypesConfig;

/**
 * As `EXACT_TYPES`, for a connection of another module. It keeps the parsers that the connection has now: replace a parser before
 * the first connection opens.
 */
export function keepMicroseconds(client: ClientBase): void {
  for (const oid of TIME_OIDS) {
    const parse = client.getTypeParser(oid, 'text') as (text: string) => unknown;
    client.setTypeParser(oid, 'text', (text: string) => {
      const value = parse(text);
      keepFractions(value, text);
      return value;
    });
  }
}

function keepFractions(value: unknown, text: string): void {
  const dates = datesIn(value);
  const times = [...text.matchAll(TIME)];
  if (dates.length !== times.length) return; // a parser of the application that returns something else
  for (const [index, date] of dates.entries()) {
    const digits = times[index]![1] ?? '';
    if (digits.length <= 3 || !Object.isExtensible(date) || Object.hasOwn(date, FRACTION)) continue;
    Object.defineProperty(date, FRACTION, { value: { digits: digits.padEnd(6, '0'), ms: date.getTime() } satisfies Fraction });
  }
}

/** The dates in a value of the driver, in the order of the text. */
function datesIn(value: unknown): Date[] {
  if (value instanceof Date) return [value];
  return Array.isArray(value) ? value.flatMap(datesIn) : [];
}

/**
 * Returns a date as UTC text with six fraction digits: `2026-01-17T10:23:45.125967Z`. A Date that `DatabaseModule` has read has
 * the digits of the database. In any other Date, and in one that was changed since, the last three digits are zero.
 */
export function exactTime(date: Date): string {
  const { digits, ms } = (date as ExactDate)[FRACTION] ?? {};
  const fraction = digits !== undefined && ms === date.getTime() ? digits : undefined;
  return date.toISOString().replace(/\.(\d{3})Z$/, (_, milliseconds: string) => `.${fraction ?? `${milliseconds}000`}Z`);
}
