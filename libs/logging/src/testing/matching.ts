import { isDeepStrictEqual } from 'node:util';

export type CapturedRecord = Readonly<Record<string, unknown>> & { readonly event: string; readonly level: string };

/**
 * Expected fields by name: an equal value, a RegExp that a text must match, or a predicate. `undefined` means that the field
 * must be absent.
 */
export type ExpectedFields = Readonly<Record<string, unknown>>;

export const isMatch = (record: CapturedRecord, event: string, fields: ExpectedFields): boolean =>
  record.event === event && mismatchedFields(record, fields).length === 0;

/** Returns the names of the fields that do not match. */
export const mismatchedFields = (record: CapturedRecord, fields: ExpectedFields): string[] =>
  Object.entries(fields).flatMap(([name, expected]) => (matchesValue(record[name], expected) ? [] : [name]));

function matchesValue(actual: unknown, expected: unknown): boolean {
  if (expected instanceof RegExp) return typeof actual === 'string' && new RegExp(expected, expected.flags.replace(/[gy]/g, '')).test(actual); // prettier-ignore
  if (typeof expected === 'function') return Boolean((expected as (value: unknown) => unknown)(actual));
  return isDeepStrictEqual(actual, expected);
}
