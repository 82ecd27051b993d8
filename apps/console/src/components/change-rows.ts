/** The mark of a field that one side of a diff does not have. */
export const ABSENT = Symbol('absent');

/** One line of the table of changes: a field, or a value inside a field that is an object on both sides. */
export interface ChangeRow {
  /** The name of the field, or the path of the inner value, such as `address.city`. */
  readonly path: string;
  /** `withheld`: the entry says only that the field changed, because its value is secret. */
  readonly kind: 'added' | 'removed' | 'changed' | 'withheld';
  readonly before: unknown;
  readonly after: unknown;
}

type Values = Readonly<Record<string, unknown>>;

export interface Diff {
  readonly old: object | null;
  readonly new: object | null;
}

const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value);
const isSame = (one: unknown, other: unknown): boolean => one === other || JSON.stringify(one) === JSON.stringify(other);
const valueAt = (values: Values, name: string): unknown => (Object.hasOwn(values, name) ? values[name] : ABSENT);

/** Returns the lines of a diff, by the names of the fields. `changed` names also the fields whose values the diff does not have. */
export function changeRows(diff: Diff, changed: readonly string[]): ChangeRow[] {
  const [before, after] = [(diff.old ?? {}) as Values, (diff.new ?? {}) as Values];
  const names = new Set([...changed, ...Object.keys(before), ...Object.keys(after)]);
  return [...names].toSorted().flatMap((name) => {
    const [old, now] = [valueAt(before, name), valueAt(after, name)];
    if (old === ABSENT && now === ABSENT) return [{ path: nameText(name), kind: 'withheld', before: old, after: now }];
    const inner = innerRows(nameText(name), old, now);
    return inner.length > 0 ? inner : [{ path: nameText(name), kind: 'changed', before: old, after: now }];
  });
}

/** The differences below a path. Two objects are compared by their fields, so that one inner change does not hide in a long text. */
function innerRows(path: string, before: unknown, after: unknown): ChangeRow[] {
  if (isObject(before) && isObject(after) && !isErased(before) && !isErased(after))
    return [...new Set([...Object.keys(before), ...Object.keys(after)])]
      .toSorted()
      .flatMap((name) => innerRows(`${path}.${nameText(name)}`, valueAt(before, name), valueAt(after, name)));
  if (before !== ABSENT && after !== ABSENT && isSame(before, after)) return [];
  return [{ path, kind: before === ABSENT ? 'added' : after === ABSENT ? 'removed' : 'changed', before, after }];
}

/** A name with a dot or white space is quoted, because a dot separates names. */
const nameText = (name: string): string => (/^[^\s."]+$/.test(name) ? name : JSON.stringify(name));

/** The api shows an erased personal value as the id of the person to whom it belonged. */
export const isErased = (value: unknown): boolean =>
  isObject(value) && Object.keys(value).length === 1 && typeof value['personal'] === 'string';

/**
 * Writes a value so that no two different values look alike: a text that could be read as another value, or whose white space would be
 * invisible, is in quotes. Null and a missing value have their own form and are never passed here.
 */
export function valueText(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value, null, 2);
  return value.trim() !== value || isJson(value) ? JSON.stringify(value) : value;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
