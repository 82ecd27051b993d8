import type { Json } from '../entry/normal-form.js';

const NUMERAL = /^([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,4}))?$/i;
const SPECIAL = new Map([
  ['nan', 'NaN'],
  ['inf', 'Infinity'],
  ['+inf', 'Infinity'],
  ['-inf', '-Infinity'],
  ['infinity', 'Infinity'],
  ['+infinity', 'Infinity'],
  ['-infinity', '-Infinity'],
]);

/** Writes a decimal number without exponent, leading zeros and trailing zeros, as `0.5` for `.50` and `5e-1`. */
export function decimalText(text: string): string | undefined {
  const parts = NUMERAL.exec(text.trim());
  if (!parts) return SPECIAL.get(text.trim().toLowerCase());
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

/** Rounds a text of `decimalText` half away from zero, as PostgreSQL does when it stores a number in a column with fewer digits. */
export function roundedTo(scale: number, text: string): string {
  const [, sign, integer = '', decimals = ''] = /^(-?)(\d+)\.(\d+)$/.exec(text) ?? [];
  if (scale < 0 || decimals.length <= scale) return text;
  const units = BigInt(integer + decimals.slice(0, scale)) + (decimals[scale]! >= '5' ? 1n : 0n);
  const digits = units.toString().padStart(scale + 1, '0');
  return decimalText(`${sign}${digits.slice(0, digits.length - scale)}.${digits.slice(digits.length - scale)}`)!;
}

/**
 * Reads an amount as a decimal number, such as `-1234.5` for `-$1,234.50`, `($1,234.50)` and `-1.234,50 €`. PostgreSQL prints amounts by
 * the setting `lc_monetary` of the session; the column stores a number without a currency.
 */
export function moneyText(value: unknown): string | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const text = String(value).trim();
  const plain = decimalText(text);
  if (plain !== undefined) return plain;
  const amount = /^\D*?(\d[\d.,'\s]*)\D*$/.exec(text)?.[1]?.replace(/['\s]/g, '');
  if (amount === undefined) return undefined;
  const isNegative = text.includes('-') || text.startsWith('(');
  // A last separator is a decimal point if the other separator comes before it, or if it does not stand before three digits.
  const [, whole = '', separator = '', last = ''] = /^(.*?)(?:([.,])(\d*))?$/.exec(amount) ?? [];
  const other = separator === '.' ? ',' : '.';
  const isPoint = separator !== '' && !whole.includes(separator) && (whole.includes(other) || last.length !== 3);
  return decimalText(`${isNegative ? '-' : ''}${whole.replace(/[.,]/g, '')}${isPoint ? '.' : ''}${last}`);
}

/** Reads the text of an integer or floating-point number as the number. */
export function numberOf(value: unknown): Json | undefined {
  const text = typeof value === 'string' ? decimalText(value) : undefined;
  const number = Number(text);
  return text === undefined || !Number.isFinite(number) ? text : number;
}
