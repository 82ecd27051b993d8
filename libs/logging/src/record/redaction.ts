const SECRET =
  /passw(?:or)?d|passphrase|passcode|pwd$|secret|token|authori[sz]ation|cookie|credential|api_?key|private_?key|access_?key|signing_?key|encryption_?key|session_?id|session_?jwt|jwt$|otp$|card_?number|cvc$|cvv$/;
/** Whole bodies and header lists, whatever they hold: they are a caller's text, secrets included. */
const BODY = /^(?:raw_?|request_?|response_?)?(?:body|headers)$/;
const CACHE_LIMIT = 2_000; // keys come from code, so few are distinct; hostile ones must not fill the memory

const known = new Map<string, boolean>();

export const REDACTED = '[redacted]';

/** True for keys whose value is never written: passwords, tokens, cookies, bodies and the like, in any spelling. */
export function isSecretKey(key: string): boolean {
  const found = known.get(key);
  if (found !== undefined) return found;
  const plain = key
    .slice(0, 256)
    .toLowerCase()
    .replace(/[-. ]+/g, '_');
  const secret = SECRET.test(plain) || BODY.test(plain);
  if (known.size < CACHE_LIMIT) known.set(key, secret);
  return secret;
}

/** The password of a URL, wherever one stands inside a text. */
export const withoutUrlPasswords = (text: string): string =>
  text.includes('://') ? text.replace(/:\/\/[^\s/?#@]*@/g, `://${REDACTED}@`) : text;
