import { redactText } from '@pikaia/core';

// oxlint-disable-next-line no-control-regex -- JSON escapes control characters
const NEEDS_ESCAPE = /["\\\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/;

/** Returns a string as JSON. Hot path: most strings need no escaping, and the check is cheaper than JSON.stringify. */
export const quote = (text: string): string => (NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`);

/** Returns the first `limit` UTF-16 units, with `…` if the text was longer. Never splits a surrogate pair. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const last = text.charCodeAt(limit - 1);
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit)}…`;
}

const REDACTION_LOOK_AHEAD = 4_096; // UTF-16 units past the limit, so that a secret at the cut is redacted whole

/** Redacts the text of one field, then cuts it, so that no part of a secret remains. */
export function redactAndCut(text: string, limit: number): string {
  if (text.length <= limit + REDACTION_LOOK_AHEAD) return cut(redactText(text), limit);
  const start = cut(redactText(text.slice(0, limit + REDACTION_LOOK_AHEAD)), limit);
  return start.endsWith('…') ? start : `${start}…`;
}

/** Redacts, cuts and quotes the text of one field. */
export const quoteRedacted = (text: string, limit: number): string => quote(redactAndCut(text, limit));
