// Patterns are ECMA-262 with the flag u, as JSON Schema requires. Each accepts exactly what the rule of its name accepts.

const HEX = '[0-9A-Fa-f]';
const UUID_VERSIONS = ['1', '2', '3', '4', '5', '6', '7', '8'];
const NIL_UUID = '00000000-0000-0000-0000-000000000000';
const MAX_UUID = '[Ff]{8}-(?:[Ff]{4}-){3}[Ff]{12}';
const versionedUuid = (version: string): string => `${HEX}{8}-${HEX}{4}-${version}${HEX}{3}-[89ABab]${HEX}{3}-${HEX}{12}`;

/** Returns undefined for a version that the rule does not know, for which it refuses every text. */
export function uuidPattern(versions: readonly unknown[]): string | undefined {
  const forms = versions.map((version) => uuidForm(version ?? 'all'));
  return forms.includes(undefined) || !forms.length ? undefined : `^(?:${forms.join('|')})$`;
}

function uuidForm(version: unknown): string | undefined {
  const name = String(version);
  if (UUID_VERSIONS.includes(name)) return versionedUuid(name);
  if (name === 'all') return `${versionedUuid('[1-8]')}|${NIL_UUID}|${MAX_UUID}`;
  return { nil: NIL_UUID, max: MAX_UUID, loose: `${HEX}{8}-(?:${HEX}{4}-){3}${HEX}{12}` }[name];
}

const LEAP_YEAR = '(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)';
const DAY_31 = '(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])';
const DAY_30 = '(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)';
const DATE = `(?:\\d{4}-(?:${DAY_31}|${DAY_30}|02-(?:0[1-9]|1\\d|2[0-8]))|${LEAP_YEAR}-02-29)`;
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d';

/** The text of `Date.toISOString()` for the years 0 to 9999. */
export const DATE_PATTERN = `^${DATE}T${TIME}\\.\\d{3}Z$`;
export const TIMESTAMP_PATTERN = `^(?!0000)${DATE}T${TIME}(?:\\.\\d{1,9})?(?:Z|[+-](?:0\\d|1[0-4]):[0-5]\\d)$`;

/** ISO 8601 as the package validator reads it without `strict`. */
export const isoPattern = (separator: '[T\\s]' | 'T'): string =>
  `^([\\+-]?\\d{4}(?!\\d{2}\\b))((-?)((0[1-9]|1[0-2])(\\3([12]\\d|0[1-9]|3[01]))?|W([0-4]\\d|5[0-3])(-?[1-7])?|(00[1-9]|0[1-9]\\d|[12]\\d{2}|3([0-5]\\d|6[1-6])))(${separator}((([01]\\d|2[0-3])((:?)[0-5]\\d)?|24:?00)([\\.,]\\d+(?!:))?)?(\\17[0-5]\\d([\\.,]\\d+)?)?([zZ]|([\\+-])([01]\\d|2[0-3]):?([0-5]\\d)?)?)?)?$`;

const ATOM = "[A-Za-z\\d!#$%&'*+\\-\\/=?^_`{|}~\\u00A1-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFEF]";
const QUOTED =
  '(?:[\\s\\x01-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\\x21\\x23-\\x5b\\x5d-\\x7e\\u00A0-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFEF]|\\\\[\\x01-\\x09\\x0b-\\x7f\\u00A0-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFEF])';
const LABEL_CHARACTER = 'A-Za-z\\d\\u00a1-\\ud7ff\\ue000-\\uff00\\uff5f-\\uffff\\u{10000}-\\u{10ffff}';
const LABEL = `[${LABEL_CHARACTER}](?:[${LABEL_CHARACTER}\\-]{0,61}[${LABEL_CHARACTER}])?`;
const TOP_LABEL =
  '(?:[A-Za-z\\u00a1-\\u00a8\\u00aa-\\u167f\\u1681-\\u1fff\\u200b-\\u2027\\u202a-\\u202e\\u2030-\\u205e\\u2060-\\u2fff\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufefe\\uff00\\uff5f-\\uffef]{2,63}|[Xx][Nn][A-Za-z\\d\\-]{1,60}[A-Za-z\\d])';

/**
 * An email address. The rule limits bytes and UTF-16 code units, which a pattern cannot count: an address with letters beyond
 * ASCII can be longer here.
 */
export const EMAIL_PATTERN = `^(?![\\s\\S]{255})(?=[\\s\\S]{1,64}@[^@]*$)(?:${ATOM}+(?:\\.${ATOM}+)*|"(?:${QUOTED}*")?)@(?:${LABEL}\\.)+${TOP_LABEL}$`;

const SELECTOR = '[\\uFE0E\\uFE0F]'; // a variation selector after a character is part of it
const CHARACTER = `(?:[^\\uFE0E\\uFE0F](?:${SELECTOR}|(?!${SELECTOR}))|${SELECTOR})`;
const LENGTH = new RegExp(`^\\^${CHARACTER.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}\\{(\\d+),(\\d*)\\}\\$$`);

/** A text of `min` to `max` characters, counted as the package validator counts them. */
export const lengthPattern = (min: number, max?: number): string => `^${CHARACTER}{${min},${max ?? ''}}$`;

/** Returns the limits of a pattern that `lengthPattern` made. */
export function limitsOf(pattern: string): { min: number; max: number } | undefined {
  const found = LENGTH.exec(pattern);
  return found ? { min: Number(found[1]), max: found[2] ? Number(found[2]) : Infinity } : undefined;
}

/** The patterns that have a plain name, which is easier to read than the pattern. */
const NAMES = new Map([
  [EMAIL_PATTERN, 'email address'],
  [TIMESTAMP_PATTERN, 'timestamp with a time zone (RFC 3339)'],
  [DATE_PATTERN, 'timestamp in UTC with milliseconds'],
  [uuidPattern([undefined])!, 'UUID'],
  ...UUID_VERSIONS.map((version): [string, string] => [uuidPattern([version])!, `UUID of version ${version}`]),
]);

/** Returns what a pattern accepts in plain English, or undefined for the pattern of an application. */
export function describePattern(pattern: string): string | undefined {
  const limits = limitsOf(pattern);
  if (!limits) return NAMES.get(pattern);
  if (!Number.isFinite(limits.max)) return `text of at least ${limits.min} characters`;
  return limits.min ? `text of ${limits.min} to ${limits.max} characters` : `text of at most ${limits.max} characters`;
}

const NEEDS_UNICODE = /\\[WDSpPk]|\\u\{|\\u[dD][89a-fA-F]|[\u{10000}-\u{10ffff}]|\[\^|(?<!\\)(?:\\\\)*\./u;

/** Returns the pattern of a regular expression, or why a schema cannot express it. */
export function patternOf({ source, flags }: RegExp): { pattern: string } | { problem: string } {
  const other = flags.replaceAll(/[dgu]/g, '');
  if (other.includes('i'))
    return { problem: 'has the flag i, which a schema cannot express: write both cases, such as [A-Za-z]' };
  if (other) return { problem: `has the flag ${other[0]}, which a schema cannot express: write the expression without it` };
  if (!flags.includes('u') && NEEDS_UNICODE.test(source))
    return { problem: 'counts UTF-16 code units, and a schema counts characters: add the flag u' };
  try {
    new RegExp(source, 'u');
  } catch {
    return { problem: 'is not a valid expression with the flag u, which a schema requires: add the flag u and correct it' };
  }
  return { pattern: source };
}
