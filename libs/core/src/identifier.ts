import { v7, validate } from 'uuid';

/** A new UUIDv7: unique, and ordered by the time at which it was made. */
export const newId = (): string => v7();

/** True for a UUID of any version, in upper or lower case. */
export const isId = (text: unknown): text is string => typeof text === 'string' && validate(text);
