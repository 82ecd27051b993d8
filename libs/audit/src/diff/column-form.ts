import { normalForm, type Json } from '../entry/normal-form.js';
import { intervalForm } from './interval-form.js';
import { decimalText, moneyText, numberOf, roundedTo } from './number-form.js';
import { dateForm, instantForm, localTimeForm, timeForm, timeWithZoneForm } from './time-form.js';

/** What determines the normal form of a column's values. */
export interface ColumnType {
  /** The declared type, such as `numeric` or `timestamptz`. */
  readonly name: string | undefined;
  /** True for a column of type `date` for which TypeORM writes the UTC date of a Date, instead of the date in the process's time zone. */
  readonly utc?: boolean;
  /** The fraction digits that the column keeps. */
  readonly scale?: number;
}

type Form = (value: unknown, column: ColumnType) => Json | undefined;

const decimal: Form = (value, { scale }) => {
  const text = typeof value === 'number' || typeof value === 'string' ? decimalText(String(value)) : undefined;
  return text !== undefined && scale !== undefined ? roundedTo(scale, text) : text;
};
const date: Form = (value, { utc }) => dateForm(value, utc);
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
const uuid: Form = (value) => {
  if (typeof value === 'string' && UUID.test(value)) return value; // the usual spelling needs no replacement
  const digits = typeof value === 'string' ? value.replace(/[{}-]/g, '').toLowerCase() : '';
  return /^[\da-f]{32}$/.test(digits) ? digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : undefined;
};
const padded: Form = (value) => {
  if (typeof value !== 'string') return undefined;
  let end = value.length;
  while (value[end - 1] === ' ') end--;
  return normalForm(value.slice(0, end));
};
const MAX_CHARACTERS = 200; // of the text of a time, an interval, an amount or a uuid

/** The types of which one value can be written in several ways. Each function returns undefined for a value that it cannot read. */
const FORMS: ReadonlyMap<string, Form> = new Map(
  Object.entries<Form>({
    numeric: decimal,
    decimal,
    bigint: decimal,
    int8: decimal,
    money: moneyText,
    smallint: numberOf,
    int2: numberOf,
    int: numberOf,
    int4: numberOf,
    integer: numberOf,
    real: numberOf,
    float: numberOf,
    float4: numberOf,
    float8: numberOf,
    'double precision': numberOf,
    date,
    timestamptz: instantForm,
    'timestamp with time zone': instantForm,
    timestamp: localTimeForm,
    'timestamp without time zone': localTimeForm,
    time: (value) => timeForm(value, { fractionOfDate: false }),
    'time without time zone': (value) => timeForm(value, { fractionOfDate: true }),
    timetz: timeWithZoneForm,
    'time with time zone': timeWithZoneForm,
    interval: intervalForm,
    uuid,
    char: padded,
    character: padded,
  }),
);

/**
 * Returns the normal form of a column's value: values that PostgreSQL would store alike have the same form. The driver reads numerics as
 * text while code assigns numbers, and one time can be written in many ways. The form is that of the value in the database, so
 * neither the time zone of the process nor that of the session changes it.
 *
 * @param visit called with each object in the value.
 */
export function columnForm(value: unknown, column: ColumnType, visit?: (object: object) => void): Json | undefined {
  const form = value === null ? undefined : FORMS.get(column.name ?? '');
  if (!form) return normalForm(value, visit);
  try {
    if (Array.isArray(value) && !value.some(Array.isArray))
      return Array.from(value, (item: unknown) => columnForm(item, column, visit) ?? null);
    const isTooLong = typeof value === 'string' && value.length > MAX_CHARACTERS && form !== decimal && form !== padded;
    return (isTooLong ? undefined : form(value, column)) ?? normalForm(value, visit);
  } catch {
    return normalForm(value, visit); // an error in the code of the value must not fail the record
  }
}

const TIME = /^(.*T\d\d:\d\d:\d\d\.\d{3})(\d{3})Z?$/;

/** True if `copy`, the form of a Date, can be a copy of the time that `original` is the form of. A copy of a Date has no microseconds. */
export function isDateCopy(copy: Json, original: Json): boolean {
  const [, copied, micros] = (typeof copy === 'string' && TIME.exec(copy)) || [];
  const [, milliseconds] = (typeof original === 'string' && TIME.exec(original)) || [];
  return copied !== undefined && copied === milliseconds && micros === '000';
}
