import { redactText } from '@pikaia/core';

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

const REDACTION_LOOK_AHEAD = 4_096; // a secret must be seen whole, though the text is cut inside it

/** The text of one field: redacted, then cut, so that no half of a secret is left. */
export function redactAndCut(text: string, limit: number): string {
  if (text.length <= limit + REDACTION_LOOK_AHEAD) return cut(redactText(text), limit);
  const start = cut(redactText(text.slice(0, limit + REDACTION_LOOK_AHEAD)), limit);
  return start.endsWith('…') ? start : `${start}…`;
}

/** The text of one field as JSON. */
export const quoteRedacted = (text: string, limit: number): string => quote(redactAndCut(text, limit));
