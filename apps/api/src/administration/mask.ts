export const MASK = '[masked]';

/** Replaces each primitive in a value, so operators see the fields of an event but not the data of people. */
export function mask(value: unknown): unknown {
  if (value === null || value === undefined) return value;
  if (Array.isArray(value)) return value.map(mask);
  if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mask(inner)]));
  return MASK;
}
