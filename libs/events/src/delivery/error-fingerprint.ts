import { withTextMask } from '@pikaia/core';
import { describeThrown } from '@pikaia/logging';
import { hash } from 'node:crypto';
import { personalMaskOf } from '../contract/personal-data.js';

const MAX_TEXT_LENGTH = 2000; // characters; stack traces and whole responses belong in the log
const UNSTORABLE = /\p{Surrogate}|\0/gu;
const VARYING = /[0-9a-f]{8}-[0-9a-f-]{27}|'[^']*'|"[^"]*"|0x[0-9a-f]+|\d+/gi;

/** The event that an error is about. */
interface FailedEvent {
  readonly payload: string | null;
}

/**
 * Formats a thrown value with its inner errors and causes as text that PostgreSQL can store, redacted. The personal values of the
 * event are masked.
 */
export function textOf(error: unknown, event?: FailedEvent): string {
  const mask = event && personalMaskOf(event.payload);
  const { summary } = withTextMask(mask, () => describeThrown(error));
  return summary.slice(0, MAX_TEXT_LENGTH).replace(UNSTORABLE, '\uFFFD');
}

/** Hashes an error for grouping. Errors that differ only in numbers, ids and quoted or personal values have the same fingerprint. */
export const fingerprintOf = (error: unknown, event?: FailedEvent): string =>
  hash('sha256', textOf(error, event).replace(VARYING, '?')).slice(0, 16);
