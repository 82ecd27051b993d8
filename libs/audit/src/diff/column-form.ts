import { parseId } from '@pikaia/core';
import { dateText, normalForm, type Json } from '../entry/normal-form.js';

const DECIMAL = new Set(['numeric', 'decimal', 'bigint', 'int8', 'money']);
const INSTANT = new Set(['timestamptz', 'timestamp with time zone']);

/** True for the types that PostgreSQL stores with microseconds and TypeORM reads as Date. */
export const isTimeColumn = (columnType: string | undefined): boolean =>
  INSTANT.has(columnType ?? '') || columnType === 'timestamp' || columnType === 'timestamp without time zone';

/** True for two times of which one may be a copy of the other: a copy of a Date has no microseconds. */
export const isSameTime = (one: Json, other: Json): boolean =>
  typeof one === 'string' && typeof other === 'string' && TIME.test(one) && TIME.test(other) && haveSameMs(one, other);

const TIME = /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

const haveSameMs = (one: string, other: string): boolean =>
  one.slice(0, -4) === other.slice(0, -4) && (one.endsWith('000Z') || other.endsWith('000Z'));

/**
 * Returns the normal form of a column's value. The driver reads numerics and bigints as text while code assigns numbers, and one
 * instant can be written in many ways. Without a single form, such a field would appear changed when it is not.
 *
 * @param visit called with each object in the value.
 */
export function columnForm(value: unknown, columnType: string | undefined, visit?: (object: object) => void): Json | undefined {
  if (DECIMAL.has(columnType ?? '') && (typeof value === 'number' || typeof value === 'string'))
    return decimalText(String(value));
  if (columnType === 'uuid' && typeof value === 'string') return parseId(value) ?? normalForm(value);
  if (INSTANT.has(columnType ?? '') && typeof value === 'string') return instantText(value);
  return normalForm(value, visit);
}

const NUMERAL = /^([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,4}))?$/i;

/** Writes a decimal number without exponent, leading zeros and trailing zeros, as `0.5` for `.50` and `5e-1`. */
function decimalText(text: string): Json | undefined {
  const parts = NUMERAL.exec(text.trim());
  if (!parts) return normalForm(text);
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const point = whole.length + Number(exponent);
  const digits = '0'.repeat(Math.max(1 - point, 0)) + (whole + fraction).padEnd(point, '0');
  const integer = digits.slice(0, Math.max(point, 1)).replace(/^0+(?=\d)/, '');
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  const decimals = digits.slice(Math.max(point, 1), end);
  const number = decimals ? `${integer}.${decimals}` : integer;
  return sign === '-' && number !== '0' ? `-${number}` : number;
}

/** Keeps the microseconds, which a JavaScript Date would drop. */
function instantText(text: string): Json | undefined {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return normalForm(text);
  const fraction = /:\d\d\.(\d{1,6})/.exec(text)?.[1] ?? '';
  return dateText(date).replace(/\.\d{6}Z$/, `.${fraction.padEnd(6, '0')}Z`);
}
