/** Replaces a secret. */
export const REDACTED = '[redacted]';

const wordSet = (words: string): ReadonlySet<string> => new Set(words.split(' '));

const SECRET_WORDS = wordSet(
  'password passwd passphrase passcode pwd pw pass secret token authorization authorisation auth cookie credential cred creds jwt ' +
    'otp totp cvc cvv csrf xsrf dsn signature apikey sessionid sessid',
);
/** Pairs of words that name a secret, such as `api key`: the last word, then the words that can come before it. */
const SECRET_PAIRS = new Map([
  ['key', wordSet('api access private signing encryption master shared account storage session hmac')],
  ['id', wordSet('session')],
  ['number', wordSet('card')],
  ['code', wordSet('recovery backup verification')],
  ['string', wordSet('connection')],
]);
/** Matches secret names that are written as one word, such as `accesstoken` and `PGPASSWORD`. */
const SECRET_IN_ONE_WORD =
  /(?:password|passwd|passphrase|secret|token|apikey|authorization|credential|cookie|(?:access|private|secret|signing|encryption)key|sessionid|sessid)s?$/;
/** A name that ends in one of these describes a secret but is none: `token_type`, `signature_algorithm`, `TokenExpiredError`. */
const PROPERTY_SUFFIXES = wordSet(
  'count counts total limit used usage remaining budget size length bytes rate ratio type kind algorithm alg method scheme mode ' +
    'provider strategy policy version name names field path domain arn url uri endpoint issuer audience at expiry expires expired ' +
    'expiration ttl age seconds ms time status state result reason error exception failed failure failures refused invalid missing ' +
    'valid required present enabled supported changed rotated attempts index position ts tsx js jsx mjs cjs mts cts map json jsonl ' +
    'sql md py go rs rb java html css yml yaml txt log lock',
);
/** A name that starts with one of these states a fact about a secret: `has_password`, `ExpiredToken`. */
const STATEMENT_PREFIXES = wordSet('has is needs requires uses without no invalid expired missing unexpected unknown bad');
/** A name with `tokens` and one of these is a number of tokens: `max_tokens`, `tokens_per_second`. */
const TOKEN_COUNT_WORDS = wordSet(
  'max min total prompt completion input output used remaining per cached reasoning number num estimated',
);
/** Matches names of whole bodies and header lists. They contain text of the caller, which can include secrets. */
const BODY_OR_HEADERS = /^(?:raw|request|response)?(?:body|headers)$/;
const PAIR_VALUE_KEYS = wordSet('value Value val values Values');
const SECRET_ONLY_ALONE = wordSet('sig'); // in signed URLs of Azure; inside a longer name the word proves nothing

/** Matches each secret name. A quick check: most other names do not match and need not be split into words. */
const MAY_BE_SECRET = /pass|pw|secret|token|auth|cookie|cred|jwt|otp|cvc|cvv|csrf|xsrf|dsn|sig|key|sess|card|code|connection/i;

const MAX_KEY_LENGTH = 256; // UTF-16 units; only the end of a longer name is checked
const MAX_CACHED_KEYS = 2_000; // keys come from code, so few are distinct; the limit keeps keys of other parties from filling the memory

const MAX_CACHED_NAMES = 500;

type KeyKind = 'secret' | 'value' | 'plain';

const cachedKinds = new Map<string, KeyKind>();
const cachedNames = new Map<string, boolean>();

/**
 * Returns true for names whose value is never shown: passwords, tokens, cookies, whole bodies and header lists. It compares
 * whole words, in camelCase, snake_case, kebab-case and other spellings. `author`, `passed` and `token_count` are not secret.
 */
export const isSecretKey = (key: string): boolean => classifyKey(key) === 'secret';

/** Returns `value` for keys that hold the value of a name-value pair, as in `{ name: 'Authorization', value: '…' }`. */
export function classifyKey(key: string): KeyKind {
  const found = cachedKinds.get(key);
  if (found !== undefined) return found;
  const kind = isSecretOrBodyKey(key) ? 'secret' : PAIR_VALUE_KEYS.has(key) ? 'value' : 'plain';
  if (key.length > MAX_KEY_LENGTH) return kind;
  if (cachedKinds.size >= MAX_CACHED_KEYS) cachedKinds.clear(); // views read stored values, whose keys a tenant can choose
  cachedKinds.set(key, kind);
  return kind;
}

/**
 * Returns true for a name inside a text whose value is secret. Names of bodies and header lists are not secret here, because
 * the caller scans their content. The name can come from an untrusted party, so a separate cache is cleared when it is full.
 */
export function isSecretName(name: string): boolean {
  const found = cachedNames.get(name);
  if (found !== undefined) return found;
  const secret =
    MAY_BE_SECRET.test(name) && containsSecret(splitWords(name.length > MAX_KEY_LENGTH ? name.slice(-MAX_KEY_LENGTH) : name));
  if (cachedNames.size >= MAX_CACHED_NAMES) cachedNames.clear();
  cachedNames.set(name, secret);
  return secret;
}

function isSecretOrBodyKey(key: string): boolean {
  const words = splitWords(key.length > MAX_KEY_LENGTH ? key.slice(-MAX_KEY_LENGTH) : key);
  return BODY_OR_HEADERS.test(words.join('')) || containsSecret(words);
}

function containsSecret(words: readonly string[]): boolean {
  if (words.length === 0) return false;
  const first = words[0]!;
  const last = words.at(-1)!;
  if (words.length === 1 && SECRET_ONLY_ALONE.has(first)) return true;
  if (words.length > 1 && (PROPERTY_SUFFIXES.has(last) || STATEMENT_PREFIXES.has(first))) return false;
  if (words.includes('tokens') && words.some((word) => TOKEN_COUNT_WORDS.has(word))) return false;
  return words.some(
    (word, index) => isSecretWord(word) || (index > 0 && SECRET_PAIRS.get(singular(word))?.has(words[index - 1]!)),
  );
}

const isSecretWord = (word: string): boolean => SECRET_WORDS.has(singular(word)) || SECRET_IN_ONE_WORD.test(word);

const singular = (word: string): string =>
  word.length > 3 && word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word;

/** Splits a name into lower-case words: `X-API-Key`, `apiKey` and `API_KEY` become `api`, `key`. */
const splitWords = (key: string): string[] =>
  key
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .map((word) => word.replace(/(?<=[a-z])\d{1,4}$/, ''))
    .filter((word) => word !== '' && word !== 'x');
