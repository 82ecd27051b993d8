import type { LogFields } from './log-fields.js';

/** Returns a shallow copy of the fields. Never throws: an unreadable value becomes `[unreadable]`. */
export function copyFields(fields: object): LogFields {
  const copy: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const key of ownKeys(fields)) {
    try {
      copy[key] = (fields as Record<string, unknown>)[key];
    } catch {
      copy[key] = '[unreadable]'; // a getter that throws
    }
  }
  return copy;
}

/** Returns the own keys of an object, or none if a proxy throws. */
export function ownKeys(owner: object): string[] {
  try {
    return Object.keys(owner);
  } catch {
    return [];
  }
}
