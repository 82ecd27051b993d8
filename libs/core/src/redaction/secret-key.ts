/** What stands in the place of a secret. */
export const REDACTED = '[redacted]';

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));

const SECRET_WORDS = set(
  'password passwd passphrase passcode pwd pw pass secret token authorization authorisation auth cookie credential cred creds jwt ' +
    'otp totp cvc cvv csrf xsrf dsn signature apikey sessionid sessid',
);
/** The last word of a pair, then the words that make it a secret when they stand before it. */
const PAIRS = new Map([
  ['key', set('api access private signing encryption master shared account storage session hmac')],
  ['id', set('session')],
  ['number', set('card')],
  ['code', set('recovery backup verification')],
  ['string', set('connection')],
]);
/** Names written as one word, such as `accesstoken` and `PGPASSWORD`. */
const RUN_TOGETHER =
  /(?:password|passwd|passphrase|secret|token|apikey|authorization|credential|cookie|(?:access|private|secret|signing|encryption)key|sessionid|sessid)s?$/;
/** As the last word it makes the name that of a property: `token_type`, `signature_algorithm`, `TokenExpiredError`. */
const PROPERTIES = set(
  'count counts total limit used usage remaining budget size length bytes rate ratio type kind algorithm alg method scheme mode ' +
    'provider strategy policy version name names field path domain arn url uri endpoint issuer audience at expiry expires expired ' +
    'expiration ttl age seconds ms time status state result reason error exception failed failure failures refused invalid missing ' +
    'valid required present enabled supported changed rotated attempts index position ts tsx js jsx mjs cjs mts cts map json jsonl ' +
    'sql md py go rs rb java html css yml yaml txt log lock',
);
/** As the first word it makes the name a statement: `has_password`, `ExpiredToken`. */
const STATEMENTS = set('has is needs requires uses without no invalid expired missing unexpected unknown bad');
/** Beside the plural they make a number of tokens: `max_tokens`, `tokens_per_second`. */
const AMOUNTS = set('max min total prompt completion input output used remaining per cached reasoning number num estimated');
/** Whole bodies and header lists, whatever they hold: a caller's text, secrets included. */
const BODY = /^(?:raw|request|response)?(?:body|headers)$/;
const PAIR_VALUES = set('value Value val values Values');
const WHOLE_NAMES = set('sig'); // of Azure's signed URLs; a word of a longer name would say nothing

/** Part of each secret name; spares nearly all other names the splitting into words. */
const POSSIBLE = /pass|pw|secret|token|auth|cookie|cred|jwt|otp|cvc|cvv|csrf|xsrf|dsn|sig|key|sess|card|code|connection/i;

const LONGEST_KEY = 256; // UTF-16 units; the last ones of a longer name decide
const CACHE_LIMIT = 2_000; // keys come from code, so few are distinct; those of others must not fill the memory

const NAMES_LIMIT = 500;

type KeyKind = 'secret' | 'value' | 'plain';

const known = new Map<string, KeyKind>();
const names = new Map<string, boolean>();

/**
 * True for names whose value is never shown: passwords, tokens, cookies, whole bodies and header lists. Whole words decide, in
 * camelCase, snake_case, kebab-case and any other spelling: `author`, `passed` and `token_count` are no secrets.
 */
export const isSecretKey = (key: string): boolean => kindOfKey(key) === 'secret';

/** `value` for the keys under which a pair has its value, as in `{ name: 'Authorization', value: '…' }`. */
export function kindOfKey(key: string): KeyKind {
  const found = known.get(key);
  if (found !== undefined) return found;
  const kind = decideKey(key) ? 'secret' : PAIR_VALUES.has(key) ? 'value' : 'plain';
  if (key.length > LONGEST_KEY) return kind;
  if (known.size >= CACHE_LIMIT) known.clear(); // views read stored values, whose keys a tenant may have chosen
  known.set(key, kind);
  return kind;
}

/**
 * The same for a name that stands inside a text, without bodies and header lists: what they hold is looked at. A stranger may have
 * chosen the name, so it has a cache of its own, which is emptied when it is full.
 */
export function isSecretName(name: string): boolean {
  const found = names.get(name);
  if (found !== undefined) return found;
  const secret = POSSIBLE.test(name) && decide(wordsOf(name.length > LONGEST_KEY ? name.slice(-LONGEST_KEY) : name));
  if (names.size >= NAMES_LIMIT) names.clear();
  names.set(name, secret);
  return secret;
}

function decideKey(key: string): boolean {
  const words = wordsOf(key.length > LONGEST_KEY ? key.slice(-LONGEST_KEY) : key);
  return BODY.test(words.join('')) || decide(words);
}

function decide(words: readonly string[]): boolean {
  if (words.length === 0) return false;
  const first = words[0]!;
  const last = words.at(-1)!;
  if (words.length === 1 && WHOLE_NAMES.has(first)) return true;
  if (words.length > 1 && (PROPERTIES.has(last) || STATEMENTS.has(first))) return false;
  if (words.includes('tokens') && words.some((word) => AMOUNTS.has(word))) return false;
  return words.some((word, index) => isSecretWord(word) || (index > 0 && PAIRS.get(singular(word))?.has(words[index - 1]!)));
}

const isSecretWord = (word: string): boolean => SECRET_WORDS.has(singular(word)) || RUN_TOGETHER.test(word);

const singular = (word: string): string =>
  word.length > 3 && word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word;

/** `X-API-Key`, `apiKey` and `API_KEY` are `api`, `key`. */
const wordsOf = (key: string): string[] =>
  key
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .map((word) => word.replace(/(?<=[a-z])\d{1,4}$/, ''))
    .filter((word) => word !== '' && word !== 'x');
