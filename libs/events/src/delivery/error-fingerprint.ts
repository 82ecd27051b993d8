import { describeThrown } from '@pikaia/logging';
import { createHash } from 'node:crypto';

const MAX_TEXT_LENGTH = 2000; // characters; stack traces and whole responses belong in the log
const UNSTORABLE = /\p{Surrogate}|\0/gu;
const VARYING = /[0-9a-f]{8}-[0-9a-f-]{27}|'[^']*'|"[^"]*"|0x[0-9a-f]+|\d+/gi;

/** Formats a thrown value with its inner errors and causes as text that PostgreSQL can store, redacted. */
export const textOf = (error: unknown): string =>
  describeThrown(error).summary.slice(0, MAX_TEXT_LENGTH).replace(UNSTORABLE, '\uFFFD');

/** Hashes an error for grouping. Errors that differ only in numbers, ids and quoted values have the same fingerprint. */
export const fingerprintOf = (error: unknown): string =>
  createHash('sha256').update(textOf(error).replace(VARYING, '?')).digest('hex').slice(0, 16);
