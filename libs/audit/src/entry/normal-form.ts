import { exactTime } from '@pikaia/database';
import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

const MAX_DEPTH = 32; // far below the limit of the jsonb parser; also stops a toJSON that nests forever
const MAX_NODES = 100_000; // an object that several paths share is serialized once for each path
/** Replaces a value whose getter or toJSON throws. */
export const UNREADABLE = '[unreadable]';

/**
 * Returns the form in which values are compared, hashed and stored. Never throws.
 *
 * Dates become UTC text with microseconds, bigints decimal strings, and bytes base64. Values that JSON, jsonb or RFC 8785
 * refuse are replaced: U+0000 and lone surrogates by U+FFFD, NaN and infinities by their names, an invalid date by `Invalid Date`.
 *
 * @param visit called with each object in the value, before the object's toJSON.
 * @returns undefined for undefined, functions and symbols.
 */
export function normalForm(value: unknown, visit?: (object: object) => void): Json | undefined {
  return normalize(value, { ancestors: new Set(), nodes: 0, visit });
}

/** Replaces the characters that PostgreSQL and RFC 8785 refuse. */
export const normalText = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd').replaceAll('\u0000', '\ufffd');

const MAX_ID_CHARACTERS = 200; // an index row holds three ids, and PostgreSQL limits it to 2,704 bytes

const HASHED_PREFIX_CHARACTERS = MAX_ID_CHARACTERS - 65; // "~" and 64 hexadecimal digits follow

/**
 * Returns the id of an aggregate, actor, organization or subject as the log stores it. An id that is too long or contains
 * characters that PostgreSQL cannot store is cut, and its hash is appended. Two ids never map to one stored id, so no
 * organization reads the entries of another.
 */
export function normalId(text: string): string {
  if (text.length <= MAX_ID_CHARACTERS && normalText(text) === text) return text;
  const digest = hash('sha256', JSON.stringify(text)); // JSON escapes lone surrogates, UTF-8 replaces them
  return `${normalText(text.slice(0, HASHED_PREFIX_CHARACTERS))}~${digest}`;
}

/** Formats a date as UTC text with six fraction digits: those of the database if `DatabaseModule` has read the date. */
export const dateText = (date: Date): string => (Number.isNaN(date.getTime()) ? 'Invalid Date' : exactTime(date));

/** Serializes a value in normal form as RFC 8785 JSON. */
export const canonicalJson = (value: Json): string => canonicalize(value)!;

export const byteLength = (text: string): number => Buffer.byteLength(text, 'utf8');

/** Returns the replacement for a value that is too large. */
export function truncated(value: Json): Json {
  const text = canonicalJson(value);
  return { bytes: byteLength(text), sha256: hash('sha256', text), truncated: true };
}

interface Walk {
  readonly ancestors: Set<object>;
  readonly visit: ((object: object) => void) | undefined;
  nodes: number;
}

function normalize(value: unknown, walk: Walk): Json | undefined {
  walk.nodes++;
  switch (typeof value) {
    case 'string':
      return normalText(value);
    case 'boolean':
      return value;
    case 'bigint':
      return value.toString();
    case 'number':
      return Number.isFinite(value) ? (Object.is(value, -0) ? 0 : value) : String(value);
    case 'object':
      return value === null ? null : normalizeObject(value, walk);
    default:
      return undefined;
  }
}

function normalizeObject(value: object, walk: Walk): Json | undefined {
  if (walk.ancestors.has(value)) return '[circular]';
  if (walk.ancestors.size >= MAX_DEPTH || walk.nodes > MAX_NODES) return { truncated: true };
  walk.ancestors.add(value);
  try {
    walk.visit?.(value);
    if (value instanceof Date) return dateText(value);
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
    if (value instanceof Set || Array.isArray(value)) return normalizeItems(value, walk);
    if (value instanceof Map) return normalizeEntries(value.entries(), walk);
    if ('toJSON' in value && typeof value.toJSON === 'function') return normalize(value.toJSON(), walk);
    if (value instanceof Number || value instanceof String || value instanceof Boolean) return normalize(value.valueOf(), walk);
    return normalizeEntries(propertiesOf(value), walk);
  } catch {
    return UNREADABLE; // an error in the code of the value must not fail the record
  } finally {
    walk.ancestors.delete(value);
  }
}

function normalizeItems(items: Iterable<unknown>, walk: Walk): Json {
  const result: Json[] = [];
  for (const item of items) {
    if (walk.nodes > MAX_NODES) {
      result.push({ truncated: true });
      break;
    }
    result.push(normalize(item, walk) ?? null);
  }
  return result;
}

function normalizeEntries(entries: Iterable<[unknown, unknown]>, walk: Walk): Json {
  const result: Record<string, Json> = Object.create(null) as Record<string, Json>; // `__proto__` is an ordinary key
  for (const [key, item] of entries) {
    if (walk.nodes > MAX_NODES) {
      result['truncated'] = true;
      break;
    }
    const normal = normalize(item, walk);
    if (normal !== undefined) result[normalText(String(key))] = normal;
  }
  return result;
}

function* propertiesOf(value: object): Iterable<[string, unknown]> {
  for (const key of Object.keys(value)) {
    let item: unknown;
    try {
      item = (value as Record<string, unknown>)[key];
    } catch {
      item = UNREADABLE;
    }
    yield [key, item];
  }
}
