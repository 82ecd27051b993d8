import { redactText } from './redact-text.js';
import { isSecretName, classifyKey, REDACTED } from './secret-key.js';

const PAIR_NAMES = ['name', 'Name', 'key', 'Key', 'header', 'Header', 'field', 'property'];
/** Matches header names whose value is secret in a list of alternating names and values, such as rawHeaders. */
const SENSITIVE_HEADER = /^(?:proxy-)?authorization$|^(?:set-)?cookie2?$|^x-[\w-]*(?:key|token|secret)$/i;
const HEADER_NAME = /^[a-z]+(?:-[a-z]+)*$/i;

/**
 * Returns true for a property whose value is never shown. Either its key is secret, or it is the value of a pair with a secret
 * name, such as `{ name: 'Authorization', value: '…' }`. Never reads the value itself, and never throws.
 */
export function isSecretProperty(owner: object, key: string): boolean {
  const kind = classifyKey(key);
  return kind !== 'plain' && (kind === 'secret' || hasSecretName(owner));
}

function hasSecretName(owner: object): boolean {
  try {
    return PAIR_NAMES.some((name) => {
      const given: unknown = (owner as Record<string, unknown>)[name];
      return typeof given === 'string' && isSecretName(given);
    });
  } catch {
    return true; // a getter that throws
  }
}

/**
 * Returns true for a list item that is the value of the secret name before it, as in `[['token', '…']]`, or in rawHeaders:
 * `['Authorization', '…']`.
 *
 * @param inList true if the list is itself an item of a list
 */
export function isSecretListItem(list: readonly unknown[], index: number, inList: boolean): boolean {
  const name = index > 0 && list[index - 1];
  if (typeof name !== 'string' || name.length > 128) return false;
  if (inList && list.length === 2) return isSecretName(name);
  const item = list[index];
  return (
    SENSITIVE_HEADER.test(name) &&
    !(typeof item === 'string' && (SENSITIVE_HEADER.test(item) || (HEADER_NAME.test(item) && item.includes('-'))))
  );
}

const MAX_DEPTH = 100;

/**
 * Returns a copy in which secrets in texts and values of secret names are replaced with `[redacted]`. Use it to show data that
 * was parsed from JSON. Dates and other class instances stay as they are. The original does not change.
 */
export function redactValue<T>(value: T): T {
  return redactNested(value, false, 0) as T;
}

function redactNested(value: unknown, inList: boolean, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return REDACTED;
  if (Array.isArray(value)) {
    return value.map((item, index) => (isSecretListItem(value, index, inList) ? REDACTED : redactNested(item, true, depth + 1)));
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      item !== null && isSecretProperty(value, key) ? REDACTED : redactNested(item, false, depth + 1),
    ]),
  );
}
