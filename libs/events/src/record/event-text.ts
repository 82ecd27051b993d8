/**
 * Where a value holds text that PostgreSQL's jsonb cannot read: U+0000 or half of a surrogate pair, in a string or a key.
 * One such payload would make `payload->>…` fail for every row that a query looks at.
 *
 * @returns the path of the first such field, `data.invited_by.name`, or undefined.
 */
export function findUnreadableText(value: unknown, path: string): string | undefined {
  if (typeof value === 'string') return isReadable(value) ? undefined : path;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (!isReadable(key)) return `a key of ${path || 'the event'}`;
    const found = findUnreadableText(inner, Array.isArray(value) ? `${path}[${key}]` : path ? `${path}.${key}` : key);
    if (found) return found;
  }
  return undefined;
}

const UNREADABLE = /[\0\p{Surrogate}]/u; // with the flag u only a half without its other half is a surrogate
const isReadable = (text: string): boolean => !UNREADABLE.test(text);
