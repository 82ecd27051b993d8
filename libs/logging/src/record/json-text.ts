import { withoutUrlPasswords } from './redaction.js';

// oxlint-disable-next-line no-control-regex
const NEEDS_ESCAPE = /["\\\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/;

/** A string as JSON. Most need no escaping, and finding that out costs less than JSON.stringify. */
export const quote = (text: string): string => (NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`);

/** The first `limit` UTF-16 units, never half of a surrogate pair. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const last = text.charCodeAt(limit - 1);
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit)}…`;
}

const LOOK_AHEAD = 1_024; // a URL's password must be seen whole, though the text is cut inside it

/** The text of one field: without passwords of URLs, then cut. */
export const safeCut = (text: string, limit: number): string =>
  cut(withoutUrlPasswords(text.length > limit + LOOK_AHEAD ? text.slice(0, limit + LOOK_AHEAD) : text), limit);

/** The text of one field as JSON. */
export const quoteCut = (text: string, limit: number): string => quote(safeCut(text, limit));
