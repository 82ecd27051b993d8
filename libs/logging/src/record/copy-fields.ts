import type { LogFields } from './log-fields.js';

/** A copy that later changes of the original do not reach. Never throws: what cannot be read says so. */
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

/** The own keys of anything; none where a proxy refuses to name them. */
export function ownKeys(owner: object): string[] {
  try {
    return Object.keys(owner);
  } catch {
    return [];
  }
}
