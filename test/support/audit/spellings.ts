import fc from 'fast-check';

/** A value that JSON cannot hold: the Date of an instant, or the Date at which a clock in the process's time zone shows a time. */
export type Spelling = string | number | object | { readonly $instant: number } | { readonly $local: readonly number[] };

/** One value of a column, and several ways to write it. Two values are equal if and only if they have the same key. */
export interface SpelledValue {
  readonly key: string;
  readonly spellings: readonly Spelling[];
}

const digits = (number: number, length = 2): string => String(Math.abs(number)).padStart(length, '0');
const clock = (seconds: number): string =>
  [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) => digits(Math.trunc(part))).join(':');
const spelled = (...spellings: Spelling[]): SpelledValue => ({ key: JSON.stringify(spellings[0]), spellings });

const day = fc.date({ min: new Date('1980-01-01'), max: new Date('2080-12-31'), noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10)); // prettier-ignore
const micros = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 999 }).map((ms) => ms * 1000), fc.integer({ min: 0, max: 999_999 })); // prettier-ignore
const secondOfDay = fc.integer({ min: 4 * 3600, max: 86_399 }); // no clock is put forward after four o'clock

const partsOf = (text: string): number[] => text.split('-').map(Number);

const dates = day.map((text) => {
  const [year, month, date] = partsOf(text) as [number, number, number];
  return spelled(text, text.replaceAll('-', ''), `${year}-${month}-${date}`, `${text}T23:30:00Z`, `${text} 04:30:00-11`, { $local: [year, month - 1, date, 4, 30] }); // prettier-ignore
});

const instants = fc.tuple(day, secondOfDay, micros).map(([text, second, fraction]) => {
  const ms = Date.parse(`${text}T00:00:00Z`) + second * 1000;
  const at = (minutes: number): string => new Date(ms + minutes * 60_000).toISOString().slice(0, 19);
  const six = digits(fraction, 6);
  return spelled(
    `${at(0)}.${six}Z`,
    `${at(330).replace('T', ' ')}.${six}+05:30`,
    `${at(-210).replace('T', ' ')}.${six}-0330`,
    `${at(780)}.${six}+13`,
    ...(fraction % 1000 === 0 ? [{ $instant: ms + fraction / 1000 }] : []),
  );
});

const localTimes = fc.tuple(day, secondOfDay, micros).map(([text, second, fraction]) => {
  const [year, month, date] = partsOf(text) as [number, number, number];
  const six = digits(fraction, 6);
  const local = [year, month - 1, date, ...clock(second).split(':').map(Number), fraction / 1000];
  return spelled(
    `${text} ${clock(second)}.${six}`,
    `${text}T${clock(second)}.${six}`,
    ...(fraction === 0 ? [`${text} ${clock(second)}`] : []),
    ...(fraction % 1000 === 0 ? [{ $local: local }] : []),
  );
});

const times = fc.tuple(fc.integer({ min: 0, max: 86_399 }), micros).map(([second, fraction]) => {
  const six = digits(fraction, 6);
  const hour = Math.trunc(second / 3600);
  const half = `${((hour + 11) % 12) + 1}${clock(second).slice(2)}.${six} ${hour < 12 ? 'AM' : 'pm'}`;
  const short = fraction === 0 ? clock(second).replace(/:00$/, '') : `${clock(second)}.${six.replace(/0+$/, '')}`;
  return spelled(`${clock(second)}.${six}`, short, half, ` ${clock(second)}.${six}`);
});

const intervals = fc
  .record({
    months: fc.integer({ min: -40, max: 40 }),
    days: fc.integer({ min: -40, max: 40 }),
    seconds: fc.integer({ min: -200_000, max: 200_000 }),
    fraction: micros,
  }) // prettier-ignore
  .map(({ months, days, seconds, fraction }) => {
    const sign = seconds < 0 ? '-' : '';
    const [size, six] = [Math.abs(seconds), digits(fraction, 6)];
    const [years, rest, hours] = [Math.trunc(months / 12), months % 12, Math.trunc(size / 3600)];
    const [minute, second] = [Math.trunc(size / 60) % 60, size % 60];
    const fields = { years, months: rest, days, hours: sign ? -hours : hours, minutes: sign ? -minute : minute, seconds: sign ? -second : second, milliseconds: (sign ? -fraction : fraction) / 1000 }; // prettier-ignore
    return spelled(
      `${months} mons ${days} days ${sign}${clock(size)}.${six}`,
      `${years} years ${rest} mons ${days} days ${sign}${clock(size)}.${six}`,
      `P${years}Y${rest}M${days}DT${sign}${hours}H${sign}${minute}M${sign}${second}.${six}S`,
      `${-months} months ${-days} days ${sign ? '' : '-'}${size}.${six} secs ago`,
      Object.fromEntries(Object.entries(fields).filter(([, number]) => number !== 0)),
    );
  });

const numerics = fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 5 })).map(([units, scale]) => {
  const text = (units / 10 ** scale).toFixed(scale);
  const plain = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  const key = plain === '-0' ? '0' : plain;
  return {
    key,
    spellings: [key, `${text}${scale ? '00' : '.0'}`, `${units}e-${scale}`, text.replace(/^(?!-)/, '+00'), Number(text)],
  };
});

const amounts = fc.integer({ min: -1e9, max: 1e9 }).map((cents) => {
  const [sign, whole, rest] = [cents < 0 ? '-' : '', Math.trunc(Math.abs(cents) / 100), digits(cents % 100)];
  const grouped = String(whole).replace(/\B(?=(\d{3})+$)/g, ',');
  const inDollars = sign ? `($${grouped}.${rest})` : `$${grouped}.${rest}`;
  return spelled(`${sign}$${grouped}.${rest}`, inDollars, `${sign}${whole}.${rest}`, cents / 100);
});

const uuids = fc.uuid().map((id) => spelled(id, id.toUpperCase(), `{${id}}`, id.replaceAll('-', '')));
const integers = fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }).map((number) => ({ key: String(number), spellings: [number, String(number), ` ${number}`] })); // prettier-ignore

export const SPELLED: Readonly<Record<string, fc.Arbitrary<SpelledValue>>> = {
  date: dates,
  timestamptz: instants,
  timestamp: localTimes,
  time: times,
  interval: intervals,
  numeric: numerics,
  money: amounts,
  uuid: uuids,
  integer: integers,
};
