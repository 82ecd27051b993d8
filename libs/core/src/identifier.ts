import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const FORM = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

const RANDOM_BYTES = 16; // of one id
const POOL_IDS = 256; // ids for which randomness is fetched at once: 16 bytes cost the system almost as much as 4 KiB
const MAX_SEQUENCE = 0x7fff_ffff;

const pool = new Uint8Array(RANDOM_BYTES * POOL_IDS);
let taken = pool.length;
let millisecond = -Infinity;
let sequence = 0;

/**
 * A new UUIDv7: unique, and ordered by the time at which it was made; ids of one process also within a millisecond, and
 * when the clock goes back.
 */
export function newId(): string {
  if (taken === pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  const random = pool.subarray(taken, (taken += RANDOM_BYTES));
  const now = Date.now();
  if (now > millisecond) {
    millisecond = now;
    sequence = ((random[6]! << 23) | (random[7]! << 16) | (random[8]! << 8) | random[9]!) & MAX_SEQUENCE;
  } else if (sequence++ === MAX_SEQUENCE) {
    millisecond++;
    sequence = 0;
  }
  return v7({ msecs: millisecond, seq: sequence, random });
}

/**
 * True for what PostgreSQL's `uuid` prints, in upper or lower case. Version and variant are not looked at: a correlation id
 * may be the trace id of a `traceparent`, 128 bits that know neither.
 */
export const isId = (text: unknown): text is string => typeof text === 'string' && FORM.test(text);
