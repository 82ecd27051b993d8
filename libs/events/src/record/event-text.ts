/**
 * Finds text that PostgreSQL's jsonb cannot read: U+0000 or an unpaired surrogate, in a string or a key. One such payload
 * makes every query fail that applies `payload->>…` to its row.
 *
 * @returns the path of the first such field, for example `data.invited_by.name`, or undefined.
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

const UNREADABLE = /[\0\p{Surrogate}]/u; // with the u flag, only unpaired surrogates match
const isReadable = (text: string): boolean => !UNREADABLE.test(text);
