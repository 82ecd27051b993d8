import { v7 } from 'uuid';

const FORM = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** A new UUIDv7: unique, and ordered by the time at which it was made. */
export const newId = (): string => v7();

/**
 * True for what PostgreSQL's `uuid` prints, in upper or lower case. Version and variant are not looked at: a correlation id
 * may be the trace id of a `traceparent`, 128 bits that know neither.
 */
export const isId = (text: unknown): text is string => typeof text === 'string' && FORM.test(text);
