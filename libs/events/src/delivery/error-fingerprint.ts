import { redactText } from '@pikaia/core';
import { errorMessage } from '@pikaia/logging';
import { createHash } from 'node:crypto';

const MAX_TEXT_LENGTH = 2000; // characters; stack traces and whole responses belong in the log
const UNSTORABLE = /\p{Surrogate}|\0/gu;
const VARYING = /[0-9a-f]{8}-[0-9a-f-]{27}|'[^']*'|"[^"]*"|0x[0-9a-f]+|\d+/gi;

/** Formats an error and its causes as text that PostgreSQL can store: kind and message of each, redacted. */
export function textOf(error: unknown): string {
  const parts: string[] = [];
  for (let at = error, depth = 0; at !== undefined && at !== null && depth < 5; depth++) {
    parts.push(at instanceof Error ? `${kindOf(at)}: ${errorMessage(at)}` : String(at));
    at = at instanceof Error ? at.cause : undefined;
  }
  return redactText(parts.join(' <- ')).slice(0, MAX_TEXT_LENGTH).replace(UNSTORABLE, '\uFFFD') || 'unknown error';
}

/** Hashes an error for grouping. Errors that differ only in numbers, ids and quoted values have the same fingerprint. */
export const fingerprintOf = (error: unknown): string =>
  createHash('sha256').update(textOf(error).replace(VARYING, '?')).digest('hex').slice(0, 16);

const kindOf = (error: Error): string => {
  const code: unknown = (error as { code?: unknown }).code;
  return typeof code === 'string' ? `${error.name} ${code}` : error.name;
};
