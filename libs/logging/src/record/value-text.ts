import { isSecretProperty, isSecretListItem, REDACTED, redactText } from '@pikaia/core';
import { Stream } from 'node:stream';
import { types } from 'node:util';
import { cut, quote, quoteRedacted, redactAndCut } from './json-text.js';
import {
  contentKeys,
  describeThrown as describeWith,
  isError,
  keysWithoutInput,
  type ThrownDescription,
} from './thrown-value.js';

const MAX_DEPTH = 6;
const MAX_KEYS = 100; // keys and list items of one call, including nested ones
const MAX_KEY_LENGTH = 128;
const MAX_CACHED_KEYS = 2_000; // bounds memory: keys come from code, so few are distinct
const MAX_STRING_CHARS = 2_048; // UTF-16 units of one field

const NO_PATH: readonly object[] = [];

/** The size that the fields of one record can still take. */
export interface Budget {
  remainingKeys: number;
  /** UTF-16 units of JSON text. */
  remainingChars: number;
  truncated: boolean;
  /** True inside the description of a thrown value. Errors are then described without the content of objects, which could refer back. */
  isDescription?: true;
  /** True inside the description of an error, whose input and row values are left out. */
  omitsInput?: boolean;
}

export const newBudget = (remainingChars: number): Budget => ({ remainingKeys: MAX_KEYS, remainingChars, truncated: false });

/**
 * Returns any value as JSON text within the budget, or undefined for a value that JSON omits. Never throws, even if a getter,
 * a proxy or toJSON does. Values under secret keys are not read.
 */
export function valueText(value: unknown, budget: Budget, path: readonly object[] = NO_PATH): string | undefined {
  let text: string | undefined;
  switch (typeof value) {
    case 'string':
      text = stringText(value, budget);
      break;
    case 'number':
      text = Number.isFinite(value) ? String(value) : `"${value}"`;
      break;
    case 'boolean':
      text = value ? 'true' : 'false';
      break;
    case 'bigint':
      text = quote(cut(String(value), MAX_STRING_CHARS));
      break;
    case 'symbol':
      text = quoteRedacted(String(value), MAX_STRING_CHARS);
      break;
    case 'function':
      text = '"[function]"';
      break;
    case 'undefined':
      return undefined;
    default:
      if (value !== null) return objectText(value as object, budget, path);
      text = 'null';
  }
  budget.remainingChars -= text.length;
  return text;
}

function stringText(value: string, budget: Budget): string {
  const limit = Math.min(MAX_STRING_CHARS, Math.max(budget.remainingChars, 0));
  if (value.length > limit) budget.truncated = true;
  return quoteRedacted(value, limit);
}

function objectText(value: object, budget: Budget, path: readonly object[]): string {
  try {
    if (path.includes(value)) return '"[circular]"';
    if (types.isDate(value)) return Number.isNaN(value.getTime()) ? '"Invalid Date"' : `"${value.toISOString()}"`;
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return `"[${value.byteLength} bytes]"`;
    if (types.isPromise(value)) return '"[promise]"';
    if (types.isWeakMap(value) || types.isWeakSet(value)) return '"[weak collection]"';
    if (types.isBoxedPrimitive(value)) return valueText(value.valueOf(), budget, [...path, value]) ?? 'null';
    // Sockets, requests and responses refer to headers, bodies and much of the process.
    if (value instanceof Stream) return `"[stream]"`;
    if (value instanceof RegExp || value instanceof URL) return valueText(String(value), budget) ?? 'null';
    if (path.length >= MAX_DEPTH) {
      budget.truncated = true;
      return '"[too deep]"';
    }
    const inside = [...path, value];
    if (isError(value)) return entriesText(nestedError(value, budget), budget, inside);
    if (Array.isArray(value) || types.isSet(value)) return itemsText(value, budget, inside);
    if (types.isMap(value)) {
      return entriesText(Object.fromEntries([...value].map(([key, item]) => [String(key), item as unknown])), budget, inside);
    }
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') return valueText(toJSON.call(value), budget, inside) ?? 'null';
    return entriesText(value as Record<string, unknown>, budget, inside);
  } catch {
    return '"[unreadable]"'; // a hostile value must not lose the line or fail the request
  }
}

function nestedError(error: Error, { isDescription }: Budget): Record<string, unknown> {
  const { kind, message, details, chain } = isDescription ? describeWith(error, () => '') : describeThrown(error);
  return { kind, message, ...details, stack: chain };
}

const MAX_CONTENT_CHARS = 2_048;

/**
 * Describes any thrown value: an error, a text, an object, null. Never throws, even if a getter or a proxy does. All texts are
 * redacted and limited in size.
 */
export const describeThrown = (thrown: unknown): ThrownDescription => describeWith(thrown, contentText);

/**
 * Returns the redacted message of a thrown value and of its inner errors, without the values that PostgreSQL and TypeORM errors
 * quote.
 */
export const errorMessage = (thrown: unknown): string => describeThrown(thrown).reason;

/** Returns the fields of an object as JSON text, also of an error. */
function contentText(value: object): string {
  const budget: Budget = { ...newBudget(MAX_CONTENT_CHARS), isDescription: true, omitsInput: isError(value) };
  try {
    const text = isError(value)
      ? entriesText(value as object as Record<string, unknown>, budget, [value], contentKeys(value))
      : objectText(value, budget, []);
    if (text === '{}') return entriesText(accessorValues(value), budget, [value]);
    return text.startsWith('"') ? (JSON.parse(text) as string) : text;
  } catch {
    return '[unreadable]'; // a proxy that throws
  }
}

/** Returns the primitive values that the accessors of a class return: a Response or an Event has no fields of its own. */
function accessorValues(owner: object): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (
    let at = Object.getPrototypeOf(owner) as object | null;
    at && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    for (const [key, { get }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      const value: unknown = get?.call(owner);
      if (['string', 'number', 'boolean'].includes(typeof value) && value !== '') values[key] ??= value;
    }
  }
  return values;
}

function itemsText(items: Iterable<unknown>, budget: Budget, path: readonly object[]): string {
  const texts: string[] = [];
  const list = Array.isArray(items) ? (items as readonly unknown[]) : [];
  const inList = Array.isArray(path.at(-2));
  for (const item of items) {
    if (exceedsBudget(budget)) {
      texts.push('"…"');
      break;
    }
    texts.push(isSecretListItem(list, texts.length, inList) ? `"${REDACTED}"` : (valueText(item, budget, path) ?? 'null'));
  }
  return `[${texts.join(',')}]`;
}

function entriesText(
  value: Record<string, unknown>,
  budget: Budget,
  path: readonly object[],
  keys = budget.omitsInput ? keysWithoutInput(value) : Object.keys(value),
): string {
  let text = '';
  for (const key of keys) {
    if (exceedsBudget(budget)) break;
    const item = entryText(value, key, budget, path);
    if (item !== undefined) text += `${text && ','}${keyText(key, budget)}${item}`;
  }
  return `{${text}}`;
}

/** Returns the value of one key as JSON text. Secret keys are redacted; a getter that throws yields `[unreadable]`. */
export function entryText(owner: object, key: string, budget: Budget, path: readonly object[] = NO_PATH): string | undefined {
  if (isSecretProperty(owner, key)) return `"${REDACTED}"`;
  let value: unknown;
  try {
    value = (owner as Record<string, unknown>)[key];
  } catch {
    return '"[unreadable]"';
  }
  return valueText(value, budget, path);
}

const cachedKeys = new Map<string, string>();
const NAME = /^[\w.-]+$/; // another key can be a text to mask, such as an email address

/** Returns a key and its colon as JSON text. A cut or redacted key gets a number, so that the keys of an object stay distinct. */
export function keyText(key: string, budget: Budget): string {
  budget.remainingChars -= Math.min(key.length, MAX_KEY_LENGTH) + 4;
  if (key.length > MAX_KEY_LENGTH) {
    budget.truncated = true;
    return `${quote(`${redactAndCut(key, MAX_KEY_LENGTH)}${budget.remainingKeys}`)}:`;
  }
  let text = cachedKeys.get(key);
  if (text === undefined) {
    const shown = redactText(key);
    if (shown !== key) return `${quote(`${shown}${budget.remainingKeys}`)}:`;
    text = `${quote(key)}:`;
    if (cachedKeys.size < MAX_CACHED_KEYS && NAME.test(key)) cachedKeys.set(key, text);
  }
  return text;
}

/** Takes one key from the budget. Returns true if no key or no character was left. */
export function exceedsBudget(budget: Budget): boolean {
  if (budget.remainingKeys-- > 0 && budget.remainingChars > 0) return false;
  budget.truncated = true;
  return true;
}
