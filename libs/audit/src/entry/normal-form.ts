import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

const MAX_DEPTH = 32; // far below what jsonb's parser takes; also ends what no seen-check finds, as a toJSON that nests
const MAX_NODES = 10_000; // an object graph that shares its parts would be written out once for each path
/** Stands for what a getter or toJSON that throws would have given. */
export const UNREADABLE = '[unreadable]';

/**
 * The form in which values are compared, hashed and stored; any value has one. Dates are UTC text with microseconds,
 * bigints decimal strings, bytes base64. What JSON, jsonb or RFC 8785 would refuse is replaced: U+0000 and lone
 * surrogates by U+FFFD, NaN and infinities by their names, an invalid date by `Invalid Date`.
 *
 * @param visit called with each object in the value, before its toJSON is.
 * @returns undefined for what has no value: undefined, functions, symbols.
 */
export function normalForm(value: unknown, visit?: (object: object) => void): Json | undefined {
  return normalise(value, { ancestors: new Set(), nodes: 0, visit });
}

/** Text that PostgreSQL and RFC 8785 take. */
export const normalText = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd').replaceAll('\u0000', '\ufffd');

const MAX_ID = 200; // characters; three ids share an index row, which PostgreSQL limits to 2,704 bytes

const HASHED_PREFIX = MAX_ID - 65; // "~" and 64 hexadecimal digits follow

/**
 * An id as the log stores it: of aggregates, actors, organizations and subjects. An id that is too long, or holds what
 * PostgreSQL does not store, is cut and gets its hash: two ids never become one, so no organization reads another's entries.
 */
export function normalId(text: string): string {
  if (text.length <= MAX_ID && normalText(text) === text) return text;
  const hash = createHash('sha256').update(JSON.stringify(text)).digest('hex'); // JSON escapes lone surrogates, UTF-8 replaces them
  return `${normalText(text.slice(0, HASHED_PREFIX))}~${hash}`;
}

/** A date as UTC text with microseconds, of which a JavaScript date knows the first three digits. */
export const dateText = (date: Date): string =>
  Number.isNaN(date.getTime()) ? 'Invalid Date' : date.toISOString().replace('Z', '000Z');

/** RFC 8785, for values in normal form. */
export const canonicalJson = (value: Json): string => canonicalize(value)!;

export const byteLength = (text: string): number => Buffer.byteLength(text, 'utf8');

/** What stands for a value that is too large. */
export function truncated(value: Json): Json {
  const text = canonicalJson(value);
  return { bytes: byteLength(text), sha256: createHash('sha256').update(text).digest('hex'), truncated: true };
}

interface Walk {
  readonly ancestors: Set<object>;
  readonly visit: ((object: object) => void) | undefined;
  nodes: number;
}

function normalise(value: unknown, walk: Walk): Json | undefined {
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
      return value === null ? null : normaliseObject(value, walk);
    default:
      return undefined;
  }
}

function normaliseObject(value: object, walk: Walk): Json | undefined {
  if (walk.ancestors.has(value)) return '[circular]';
  if (walk.ancestors.size >= MAX_DEPTH || walk.nodes > MAX_NODES) return { truncated: true };
  walk.ancestors.add(value);
  try {
    walk.visit?.(value);
    if (value instanceof Date) return dateText(value);
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
    if (value instanceof Set || Array.isArray(value)) return normaliseItems(value, walk);
    if (value instanceof Map) return normaliseEntries(value.entries(), walk);
    if ('toJSON' in value && typeof value.toJSON === 'function') return normalise(value.toJSON(), walk);
    if (value instanceof Number || value instanceof String || value instanceof Boolean) return normalise(value.valueOf(), walk);
    return normaliseEntries(propertiesOf(value), walk);
  } catch {
    return UNREADABLE; // the value's own code failed; the record must not fail with it
  } finally {
    walk.ancestors.delete(value);
  }
}

function normaliseItems(items: Iterable<unknown>, walk: Walk): Json {
  const result: Json[] = [];
  for (const item of items) {
    if (walk.nodes > MAX_NODES) {
      result.push({ truncated: true });
      break;
    }
    result.push(normalise(item, walk) ?? null);
  }
  return result;
}

function normaliseEntries(entries: Iterable<[unknown, unknown]>, walk: Walk): Json {
  const result: Record<string, Json> = Object.create(null) as Record<string, Json>; // so that `__proto__` is a key like others
  for (const [key, item] of entries) {
    if (walk.nodes > MAX_NODES) {
      result['truncated'] = true;
      break;
    }
    const normal = normalise(item, walk);
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
