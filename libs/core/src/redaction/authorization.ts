import { isWordChar } from './secret-value.js';

/** Schemes of Authorization whose credentials are one word; those of all others reach to the end of the line. */
export const ONE_WORD_SCHEME = /^(?:bearer|basic|token|negotiate|ntlm|apikey|api-key)$/i;
export const MANY_WORDS_SCHEME = /^(?:digest|signature|oauth|hawk|aws4-hmac-sha256|scram-sha-256|mutual|vapid)$/i;

/** RFC 6750's token68. */
export const isTokenChar = (code: number): boolean =>
  isWordChar(code) || code === 45 || code === 46 || code === 126 || code === 43 || code === 47 || code === 61;

/** What prose says after Bearer. */
const ABOUT_BEARER =
  /^(?:tokens?|auth|authentication|authorization|scheme|realm=?|error=?|headers?|credentials?|challenge|format|prefix|method|type|session)$/i;

/** @param isName whether Bearer is written as in a header, with a capital letter */
export function isBearerToken(value: string, isName: boolean): boolean {
  if (/\d/.test(value) || /[a-z][A-Z]/.test(value) || value.length >= 24) return !/^(?:realm|error|scope)=/.test(value);
  return isName && value.length >= 6 && !ABOUT_BEARER.test(value) && !/^(?:token|auth)-/i.test(value) && !value.endsWith('=');
}

/** What Basic carries is `user:password` in base64. */
export function isUserAndPassword(value: string): boolean {
  const text = Buffer.from(value, 'base64').toString('latin1');
  return /^[\x20-\x39\x3b-\x7e\xa0-\xff]*:[\x20-\x7e\xa0-\xff]*/.test(text);
}
