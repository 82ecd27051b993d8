export const MASK = '[masked]';

/** The shape of a value without its content: operators see which fields an event has, not what people entered. */
export function mask(value: unknown): unknown {
  if (value === null || value === undefined) return value;
  if (Array.isArray(value)) return value.map(mask);
  if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mask(inner)]));
  return MASK;
}
