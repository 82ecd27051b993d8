import { randomFillSync } from 'node:crypto';

const FORM = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

const RANDOM_BYTES = 10; // of one id: four for where the sequence starts, six for its end
const POOL_IDS = 256; // ids for which randomness is fetched at once: 16 bytes cost the system almost as much as 4 KiB
const SEQUENCE_BITS = 26;
const LOW_BITS = 14; // of the sequence, behind the variant
const VERSION = 0x7000;
const VARIANT = 0x8000;

const pool = Buffer.alloc(RANDOM_BYTES * POOL_IDS);
let digits = '';
let taken = POOL_IDS;
let millisecond = -Infinity;
let beginning = ''; // the time's digits
let sequence = 0;

/**
 * A new UUIDv7: unique, and ordered by the time at which it was made; ids of one process also within a millisecond, and
 * when the clock goes back: a sequence of 26 bits that starts at random stands behind the time, then 48 bits of randomness.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9562#section-6.2 (method 1)
 */
export function newId(): string {
  if (taken === POOL_IDS) {
    digits = randomFillSync(pool).toString('hex');
    taken = 0;
  }
  const at = RANDOM_BYTES * taken++;
  const now = Date.now();
  if (now > millisecond)
    begin(now, pool.readUInt32BE(at) >>> (33 - SEQUENCE_BITS)); // the lower half: there is room to count
  else if (++sequence >> SEQUENCE_BITS) begin(millisecond + 1, 0);
  const high = (VERSION | (sequence >> LOW_BITS)).toString(16);
  const low = (VARIANT | (sequence & ((1 << LOW_BITS) - 1))).toString(16);
  return `${beginning}${high}-${low}-${digits.slice(2 * at + 8, 2 * at + 20)}`;
}

function begin(time: number, start: number): void {
  millisecond = time;
  sequence = start;
  const text = time.toString(16).padStart(12, '0');
  beginning = `${text.slice(0, 8)}-${text.slice(8)}-`;
}

/**
 * True for what PostgreSQL's `uuid` prints, in upper or lower case. Version and variant are not looked at: a correlation id
 * may be the trace id of a `traceparent`, 128 bits that know neither.
 */
export const isId = (text: unknown): text is string => typeof text === 'string' && FORM.test(text);
