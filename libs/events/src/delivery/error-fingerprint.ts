import { redactText } from '@pikaia/core';
import { errorMessage } from '@pikaia/logging';
import { createHash } from 'node:crypto';

const LONGEST_TEXT = 2000; // characters; a stack or a whole answer belongs into the log
const UNSTORABLE = /\p{Surrogate}|\0/gu;
const VARYING = /[0-9a-f]{8}-[0-9a-f-]{27}|'[^']*'|"[^"]*"|0x[0-9a-f]+|\d+/gi;

/** An error as one line of text that PostgreSQL can hold: kind and message, with those of its causes, without secrets and the values that they quote. */
export function textOf(error: unknown): string {
  const parts: string[] = [];
  for (let at = error, depth = 0; at !== undefined && at !== null && depth < 5; depth++) {
    parts.push(at instanceof Error ? `${kindOf(at)}: ${errorMessage(at)}` : String(at));
    at = at instanceof Error ? at.cause : undefined;
  }
  return redactText(parts.join(' <- ')).slice(0, LONGEST_TEXT).replace(UNSTORABLE, '\uFFFD') || 'unknown error';
}

/** The same for errors that differ only in numbers, identifiers and quoted values, so that a thousand read as one. */
export const fingerprintOf = (error: unknown): string =>
  createHash('sha256').update(textOf(error).replace(VARYING, '?')).digest('hex').slice(0, 16);

const kindOf = (error: Error): string => {
  const code: unknown = (error as { code?: unknown }).code;
  return typeof code === 'string' ? `${error.name} ${code}` : error.name;
};
