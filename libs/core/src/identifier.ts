import { randomFillSync } from 'node:crypto';

const UUID_PATTERN = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

const RANDOM_BYTES_PER_ID = 10; // four seed the sequence, six form the end of the id
const POOL_IDS = 256; // random bytes are fetched for this many ids at once: a call for 16 bytes costs almost as much as 4 KiB
const SEQUENCE_BITS = 26;
const LOW_BITS = 14; // the bits of the sequence that follow the variant
const VERSION = 0x7000;
const VARIANT = 0x8000;

const pool = Buffer.alloc(RANDOM_BYTES_PER_ID * POOL_IDS);
let poolHex = '';
let usedIds = POOL_IDS;
let timestampMs = -Infinity;
let timestampPrefix = ''; // `timestampMs` in hexadecimal, with the dashes of the id
let sequence = 0;

/**
 * Returns a new UUIDv7. Ids are unique and sort by creation time. Ids of one process also keep their order within a
 * millisecond and when the clock goes back.
 *
 * Layout: the time in milliseconds, a 26-bit sequence that starts at a random value, and 48 random bits.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9562#section-6.2 (method 1)
 */
export function newId(): string {
  if (usedIds === POOL_IDS) {
    poolHex = randomFillSync(pool).toString('hex');
    usedIds = 0;
  }
  const offset = RANDOM_BYTES_PER_ID * usedIds++;
  const now = Date.now();
  if (now > timestampMs)
    setTimestamp(now, pool.readUInt32BE(offset) >>> (33 - SEQUENCE_BITS)); // starts in the lower half, which leaves room to count
  else if (++sequence >> SEQUENCE_BITS) setTimestamp(timestampMs + 1, 0);
  const high = (VERSION | (sequence >> LOW_BITS)).toString(16);
  const low = (VARIANT | (sequence & ((1 << LOW_BITS) - 1))).toString(16);
  return `${timestampPrefix}${high}-${low}-${poolHex.slice(2 * offset + 8, 2 * offset + 20)}`;
}

function setTimestamp(timeMs: number, start: number): void {
  timestampMs = timeMs;
  sequence = start;
  const text = timeMs.toString(16).padStart(12, '0');
  timestampPrefix = `${text.slice(0, 8)}-${text.slice(8)}-`;
}

/**
 * Returns the UUID of a text as it is stored: in lower case and without braces. Returns undefined for other texts.
 *
 * It accepts capitals and the braces of Microsoft's notation, and does not check version and variant; see isId.
 */
export function parseId(text: string): string | undefined {
  const bare = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text;
  return UUID_PATTERN.test(bare) ? bare.toLowerCase() : undefined;
}

/**
 * Returns true for text in the format that PostgreSQL's `uuid` type prints, in upper or lower case. It does not check version
 * and variant, because a correlation id can be the trace id of a `traceparent`, which has neither.
 */
export const isId = (text: unknown): text is string => typeof text === 'string' && UUID_PATTERN.test(text);

/**
 * Returns why a value cannot identify anything, such as `is undefined` or `is blank text`; undefined for an id. An id is text that
 * is not blank, a safe integer or a bigint. The result contains no value.
 *
 * Check an id before `String(id)`: it converts every missing id to the same text.
 */
export function findIdProblem(id: unknown): string | undefined {
  switch (typeof id) {
    case 'string':
      if (id.trim() !== '') return undefined;
      return id === '' ? 'is empty text' : 'is blank text';
    case 'bigint':
      return undefined;
    case 'number':
      if (Number.isSafeInteger(id)) return undefined;
      return Number.isNaN(id) ? 'is NaN' : 'is a number, but not a safe integer';
    case 'object':
      return id === null ? 'is null' : `is an object${constructorName(id)}`;
    default:
      return id === undefined ? 'is undefined' : `is a ${typeof id}`;
  }
}

function constructorName(object: object): string {
  const name: unknown = (object as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === 'string' && name !== '' && name !== 'Object' ? ` of the class ${name}` : '';
}
