import type { Json } from '../entry/normal-form.js';

/** The three numbers that PostgreSQL stores of an interval. */
interface Parts {
  months: number;
  days: number;
  micros: number;
}

const SECOND = 1_000_000;
const DAY = 86_400 * SECOND;

type Unit = readonly [part: keyof Parts, size: number];

const UNITS: ReadonlyArray<readonly [names: string, unit: Unit]> = [
  ['microseconds microsecond usecs usec us', ['micros', 1]],
  ['milliseconds millisecond msecs msec ms', ['micros', 1_000]],
  ['seconds second secs sec s', ['micros', SECOND]],
  ['minutes minute mins min m', ['micros', 60 * SECOND]],
  ['hours hour hrs hr h', ['micros', 3_600 * SECOND]],
  ['days day d', ['days', 1]],
  ['weeks week w', ['days', 7]],
  ['months month mons mon', ['months', 1]],
  ['years year yrs yr y', ['months', 12]],
  ['decades decade decs dec', ['months', 120]],
  ['centuries century cent c', ['months', 1_200]],
  ['millennia millennium mil', ['months', 12_000]],
];
const UNIT_OF = new Map(UNITS.flatMap(([names, unit]) => names.split(' ').map((name) => [name, unit] as const)));

const VERBOSE = /([+-]?)(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?|([+-]?(?:\d+\.?\d*|\.\d+))\s*([a-z]+)?/giy;
const ISO =
  /^(-?)P(?:([-+\d.]+)Y)?(?:([-+\d.]+)M)?(?:([-+\d.]+)W)?(?:([-+\d.]+)D)?(?:T(?:([-+\d.]+)H)?(?:([-+\d.]+)M)?(?:([-+\d.]+)S)?)?$/i;
const ISO_UNITS = ['y', 'mon', 'w', 'd', 'h', 'min', 's'];

/**
 * Returns an interval as the object that the driver reads: `{ days: 1, hours: 2 }` for `1 day 02:00`, `P1DT2H` and `1 day 120 min`.
 * Months, days and time are compared separately, as PostgreSQL stores them: one day is not always 24 hours.
 */
export function intervalForm(value: unknown): Json | undefined {
  const parts = typeof value === 'object' && value !== null ? partsOfObject(value) : partsOfText(String(value).trim());
  if (!parts || !Object.values(parts).every(Number.isSafeInteger)) return undefined;
  const { months, days, micros } = parts;
  const fields = {
    years: Math.trunc(months / 12),
    months: months % 12,
    days,
    hours: Math.trunc(micros / 3_600 / SECOND),
    minutes: Math.trunc(micros / 60 / SECOND) % 60,
    seconds: Math.trunc(micros / SECOND) % 60,
    milliseconds: (micros % SECOND) / 1_000,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, number]) => number !== 0));
}

/** Adds an amount of a unit. A fraction of a month is a part of 30 days, and a fraction of a day a part of 24 hours. */
function add(parts: Parts, amount: number, [part, size]: Unit): void {
  const total = Number((amount * size).toFixed(6));
  if (part === 'micros') {
    parts.micros += Math.round(total);
    return;
  }
  const whole = size > 1 && part === 'months' ? Math.round(total) : Math.trunc(total);
  parts[part] += whole;
  const rest = total - whole;
  if (size > 1 && part === 'months') return; // PostgreSQL rounds a part of a year to months
  if (rest !== 0) add(parts, rest * (part === 'months' ? 30 : DAY), part === 'months' ? ['days', 1] : ['micros', 1]);
}

const FIELDS = ['years', 'months', 'days', 'hours', 'minutes', 'seconds', 'milliseconds'] as const;

function partsOfObject(value: object): Parts | undefined {
  const parts: Parts = { months: 0, days: 0, micros: 0 };
  const known = value as Readonly<Partial<Record<string, unknown>>>;
  if (Object.keys(value).some((key) => !(FIELDS as readonly string[]).includes(key))) return undefined;
  for (const field of FIELDS) {
    const amount = known[field] ?? 0;
    if (typeof amount !== 'number') return undefined;
    add(parts, amount, UNIT_OF.get(field)!);
  }
  return parts;
}

function partsOfText(text: string): Parts | undefined {
  const parts: Parts = { months: 0, days: 0, micros: 0 };
  const iso = ISO.exec(text);
  if (iso) {
    const sign = iso[1] === '-' ? -1 : 1;
    for (const [index, unit] of ISO_UNITS.entries()) add(parts, sign * Number(iso[index + 2] ?? 0), UNIT_OF.get(unit)!);
    return parts;
  }
  const yearsAndMonths = /^([+-]?)(\d+)-(\d+)$/.exec(text);
  if (yearsAndMonths) {
    const months = Number(yearsAndMonths[2]) * 12 + Number(yearsAndMonths[3]);
    return { ...parts, months: yearsAndMonths[1] === '-' ? -months : months };
  }
  return partsOfWords(text.replace(/^@\s*/, ''), parts);
}

/** Reads the formats `postgres` and `postgres_verbose`, such as `1 mon -2 days 03:04:05` and `2 hours ago`. */
function partsOfWords(text: string, parts: Parts): Parts | undefined {
  const words = text.replace(/\s+ago$/i, '');
  if (words === '') return undefined;
  let at = 0;
  while (at < words.length) {
    VERBOSE.lastIndex = at;
    const match = VERBOSE.exec(words);
    if (!match) return undefined;
    at = VERBOSE.lastIndex + /^\s*/.exec(words.slice(VERBOSE.lastIndex))![0].length;
    const [, sign, hours, minutes, seconds, amount, name] = match;
    if (hours !== undefined) {
      const time = (Number(hours) * 3_600 + Number(minutes) * 60) * SECOND + Math.round(Number(seconds ?? 0) * SECOND);
      parts.micros += sign === '-' ? -time : time;
      continue;
    }
    // A number without a unit is days before a time, and else seconds.
    const unit = UNIT_OF.get(name?.toLowerCase() ?? (at < words.length ? 'd' : 's'));
    if (!unit) return undefined;
    add(parts, Number(amount), unit);
  }
  const { months, days, micros } = parts;
  return words === text ? parts : { months: -months, days: -days, micros: -micros };
}
