import { isWordChar } from './secret-value.js';

/** Authorization schemes whose credentials are one word. */
export const ONE_WORD_SCHEME = /^(?:bearer|basic|token|negotiate|ntlm|apikey|api-key)$/i;
/** Authorization schemes whose credentials reach to the end of the line. */
export const MANY_WORDS_SCHEME = /^(?:digest|signature|oauth|hawk|aws4-hmac-sha256|scram-sha-256|mutual|vapid)$/i;

/** Matches the characters of `token68` in RFC 6750. */
export const isTokenChar = (code: number): boolean =>
  isWordChar(code) || code === 45 || code === 46 || code === 126 || code === 43 || code === 47 || code === 61;

/** Matches words of prose that follow `Bearer`. */
const BEARER_PROSE =
  /^(?:tokens?|auth|authentication|authorization|scheme|realm=?|error=?|headers?|credentials?|challenge|format|prefix|method|type|session)$/i;

/** @param isCapitalized true if `Bearer` is written with a capital letter, as in a header */
export function isBearerToken(value: string, isCapitalized: boolean): boolean {
  if (/\d/.test(value) || /[a-z][A-Z]/.test(value) || value.length >= 24) return !/^(?:realm|error|scope)=/.test(value);
  return (
    isCapitalized && value.length >= 6 && !BEARER_PROSE.test(value) && !/^(?:token|auth)-/i.test(value) && !value.endsWith('=')
  );
}

/** True for credentials of the Basic scheme: `user:password` in base64. */
export function isUserAndPassword(value: string): boolean {
  const text = Buffer.from(value, 'base64').toString('latin1');
  return /^[\x20-\x39\x3b-\x7e\xa0-\xff]*:[\x20-\x7e\xa0-\xff]*/.test(text);
}
