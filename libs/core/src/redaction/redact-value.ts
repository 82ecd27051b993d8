import { redactText } from './redact-text.js';
import { isSecretName, kindOfKey, REDACTED } from './secret-key.js';

const PAIR_NAMES = ['name', 'Name', 'key', 'Key', 'header', 'Header', 'field', 'property'];
/** Names that a list of alternating names and values has, and a list of fields has not. */
const HEADER = /^(?:proxy-)?authorization$|^(?:set-)?cookie2?$|^x-[\w-]*(?:key|token|secret)$/i;
const HEADER_NAME = /^[a-z]+(?:-[a-z]+)*$/i;

/**
 * True for a property whose value is never shown: its name is a secret's, or it is the value of a pair whose name is, such as
 * `{ name: 'Authorization', value: '…' }`. Never reads the value itself, and never throws.
 */
export function isSecretEntry(owner: object, key: string): boolean {
  const kind = kindOfKey(key);
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
 * True for the item of a list that belongs to a secret name before it: `[['token', '…']]`, or `['Authorization', '…']` as in rawHeaders.
 *
 * @param inList whether the list itself is an item of a list
 */
export function isSecretItem(list: readonly unknown[], index: number, inList: boolean): boolean {
  const name = index > 0 && list[index - 1];
  if (typeof name !== 'string' || name.length > 128) return false;
  if (inList && list.length === 2) return isSecretName(name);
  const item = list[index];
  return (
    HEADER.test(name) && !(typeof item === 'string' && (HEADER.test(item) || (HEADER_NAME.test(item) && item.includes('-'))))
  );
}

const DEEPEST = 100;

/**
 * A copy for showing: secrets in texts and under secret names become `[redacted]`. For what was read from JSON; dates and other
 * objects with a class stay as they are. What was stored stays untouched.
 */
export function redactValue<T>(value: T): T {
  return redacted(value, false, 0) as T;
}

function redacted(value: unknown, inList: boolean, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) return REDACTED;
  if (Array.isArray(value)) {
    return value.map((item, index) => (isSecretItem(value, index, inList) ? REDACTED : redacted(item, true, depth + 1)));
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      item !== null && isSecretEntry(value, key) ? REDACTED : redacted(item, false, depth + 1),
    ]),
  );
}
