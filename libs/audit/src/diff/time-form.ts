import { dateText, type Json } from '../entry/normal-form.js';

const STAMP =
  /^([+-]?\d{4,6})-(\d\d?)-(\d\d?)(?:(?:T|\s+)(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?\s*(Z|UTC|GMT|[+-]\d\d?(?::?\d\d){0,2})?(?:\s*(AD|BC))?$/i;
const TIME_OF_DAY = /^T?(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*([ap]m)?\s*(Z|UTC|GMT|[+-]\d\d?(?::?\d\d){0,2})?$/i;
const INFINITE = /^([+-]?)infinity$/i;

/** A date and time as it is written. */
interface Stamp {
  /** The written date and time, as if it were UTC. */
  readonly wall: Date;
  readonly micros: string;
  /** Undefined if no zone is written. */
  readonly offsetSeconds: number | undefined;
}

function readStamp(text: string): Stamp | undefined {
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone, era] = STAMP.exec(text.trim()) ?? [];
  if (year === undefined || Number(hour) > 24 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const wall = new Date(0);
  wall.setUTCFullYear(era?.toUpperCase() === 'BC' ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day));
  if (wall.getUTCMonth() !== Number(month) - 1 || wall.getUTCDate() !== Number(day)) return undefined;
  const micros = Math.round(Number(`0.${fraction || 0}`) * 1e6);
  wall.setUTCHours(Number(hour), Number(minute), Number(second) + Math.trunc(micros / 1e6));
  return { wall, micros: String(micros % 1e6).padStart(6, '0'), offsetSeconds: zone === undefined ? undefined : offsetOf(zone) };
}

function offsetOf(zone: string): number {
  const [, sign, digits = ''] = /^([+-])(.*)$/.exec(zone) ?? [];
  const plain = digits.replaceAll(':', '');
  const [hours, minutes, seconds] = (plain.length % 2 ? `0${plain}` : plain).match(/../g) ?? [];
  const total = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
  return sign === '-' ? -total : total;
}

/** The form of a number that the driver reads for an infinite time, and of its text. */
function infinity(value: unknown): string | undefined {
  if (typeof value === 'number' && !Number.isFinite(value) && !Number.isNaN(value)) return String(value);
  const sign = typeof value === 'string' ? INFINITE.exec(value.trim())?.[1] : undefined;
  return sign === undefined ? undefined : sign === '-' ? '-Infinity' : 'Infinity';
}

/** The date and time of the process's time zone, as if it were UTC: what the driver writes of a Date. */
function localParts(date: Date): Date {
  const wall = new Date(0);
  wall.setUTCFullYear(date.getFullYear(), date.getMonth(), date.getDate());
  wall.setUTCHours(date.getHours(), date.getMinutes(), date.getSeconds(), date.getMilliseconds());
  return wall;
}

/** The moment at which a clock in the process's time zone shows this time, as TypeORM reads a text without a zone. */
const momentOf = ({ wall, offsetSeconds }: Stamp): Date => {
  if (offsetSeconds !== undefined) return new Date(wall.getTime() - offsetSeconds * 1000);
  const date = new Date(0);
  date.setFullYear(wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate());
  date.setHours(wall.getUTCHours(), wall.getUTCMinutes(), wall.getUTCSeconds(), 0);
  return date;
};

const isInvalid = (date: Date): boolean => Number.isNaN(date.getTime());
const withMicros = (date: Date, micros: string): string => date.toISOString().replace(/\d{3}Z$/, `${micros}Z`);

/** The form of a `timestamptz`: UTC text with the microseconds, which a Date would drop. */
export function instantForm(value: unknown): Json | undefined {
  if (value instanceof Date) return dateText(value);
  if (typeof value !== 'string') return infinity(value);
  const stamp = readStamp(value);
  if (stamp) {
    const moment = momentOf(stamp);
    return isInvalid(moment) ? undefined : withMicros(moment, stamp.micros);
  }
  const date = new Date(value);
  return isInvalid(date) ? infinity(value) : dateText(date);
}

/**
 * The form of a `timestamp`: the date and time that the column stores, without a zone. The driver writes the time of a Date in the time
 * zone of the process, and TypeORM makes a Date of a text first.
 */
export function localTimeForm(value: unknown): Json | undefined {
  const stamp = typeof value === 'string' ? readStamp(value) : undefined;
  if (stamp && stamp.offsetSeconds === undefined) return withMicros(stamp.wall, stamp.micros).slice(0, -1);
  const instant = instantForm(value);
  const date = value instanceof Date ? value : new Date(typeof instant === 'string' ? instant : Number.NaN);
  if (isInvalid(date)) return instant;
  const micros = /\.(\d{6})Z$/.exec(instant as string)![1]!;
  return withMicros(localParts(date), micros).slice(0, -1);
}

/** The form of a `date`: the day that the column stores. The time and the zone of a text are ignored, as PostgreSQL ignores them. */
export function dateForm(value: unknown, utc = false): Json | undefined {
  if (value instanceof Date) return isInvalid(value) ? dateText(value) : dayOf(utc ? value : localParts(value));
  if (typeof value !== 'string') return infinity(value);
  const stamp = readStamp(value.trim().replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3'));
  if (stamp) return dayOf(stamp.wall);
  const date = new Date(/[a-z]{3}/i.test(value) ? value : Number.NaN); // such as `17 January 2026`
  return isInvalid(date) ? infinity(value) : dayOf(localParts(date));
}

const dayOf = (date: Date): string => date.toISOString().replace(/T.*$/, '');

/** The form of a `time`, such as `10:00:00` or `10:00:00.5`. TypeORM writes a Date to a column `time` without its fraction. */
export function timeForm(value: unknown, { fractionOfDate }: { readonly fractionOfDate: boolean }): Json | undefined {
  if (value instanceof Date && isInvalid(value)) return dateText(value);
  if (value instanceof Date) return localTime(value, fractionOfDate);
  const [, hour, minute, second, fraction, half] = (typeof value === 'string' && TIME_OF_DAY.exec(value.trim())) || [];
  return hour === undefined ? undefined : timeText(hour, minute!, second, fraction, half);
}

/** The form of a `timetz`: the time, and its zone if it has one. */
export function timeWithZoneForm(value: unknown): Json | undefined {
  if (value instanceof Date && isInvalid(value)) return dateText(value);
  if (value instanceof Date) return localTime(value, true) + zoneText((localParts(value).getTime() - value.getTime()) / 1000);
  const [, hour, minute, second, fraction, half, zone] = (typeof value === 'string' && TIME_OF_DAY.exec(value.trim())) || [];
  const time = hour === undefined ? undefined : timeText(hour, minute!, second, fraction, half);
  return time === undefined || zone === undefined ? time : time + zoneText(offsetOf(zone));
}

function localTime(date: Date, hasFraction: boolean): string {
  const [time = '', fraction = ''] = localParts(date)
    .toISOString()
    .replace(/^.*T|Z$/g, '')
    .split('.');
  const digits = hasFraction ? fraction.replace(/0+$/, '') : '';
  return time + (digits && `.${digits}`);
}

function timeText(hour: string, minute: string, second = '0', fraction = '', half = ''): string | undefined {
  const hours = half ? (Number(hour) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0) : Number(hour);
  if (hours > 24 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const micros = Math.round(Number(`0.${fraction || 0}`) * 1e6);
  const total = hours * 3600 + Number(minute) * 60 + Number(second) + Math.trunc(micros / 1e6);
  const digits = String(micros % 1e6)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return clock(total) + (digits && `.${digits}`);
}

const clock = (seconds: number): string =>
  [Math.trunc(seconds / 3600), Math.trunc(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');

const zoneText = (offset: number): string => `${offset < 0 ? '-' : '+'}${clock(Math.abs(offset)).replace(/(?::00){1,2}$/, '')}`;
