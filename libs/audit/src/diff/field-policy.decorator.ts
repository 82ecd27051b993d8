/**
 * What the audit log may keep of a property.
 * `public`: its value, for ever. `personal`: its value, until the person is erased. `secret`: only that it changed.
 */
export type FieldPolicy =
  /** `keys`: which keys of a JSON value are public; see PublicOptions. */
  | { readonly kind: 'public'; readonly keys?: PublicKeys }
  | { readonly kind: 'secret' }
  /** `whose`: the property that holds the person's user id, or `self` where the entity is the person. */
  | { readonly kind: 'personal'; readonly whose: string };

export type PublicKeys = 'all' | readonly string[];

export interface PublicOptions {
  /**
   * Required for a JSON column, and for any other value that is an object. A list records each listed key as a field of its own
   * (`settings.theme`); of the other keys the entry says only that the column changed. `'all'` records the whole value.
   */
  readonly keys?: PublicKeys;
}

const policies = new WeakMap<object, Map<string, FieldPolicy>>();

/** The value may be kept for ever: it says nothing about a person. An object without `keys` is recorded only as changed. */
export const Public = ({ keys }: PublicOptions = {}): PropertyDecorator =>
  declare({ kind: 'public', ...(keys !== undefined && { keys }) });

/**
 * The value is a person's: kept where it can be erased. `whose` names the property that holds the user id. In an embedded
 * class, `whose` is looked up in that class first, then in the classes that embed it; `self` is always the entity.
 */
export const Personal = (whose: string): PropertyDecorator => declare({ kind: 'personal', whose });

/** The value is never kept: the record says only that it changed. */
export const Secret = (): PropertyDecorator => declare({ kind: 'secret' });

function declare(policy: FieldPolicy): PropertyDecorator {
  return (prototype, property) => {
    const own = policies.get(prototype) ?? new Map<string, FieldPolicy>();
    own.set(String(property), policy);
    policies.set(prototype, own);
  };
}

/** A class and the classes that it extends, the base first. */
export function lineageOf(type: Function): Function[] {
  const lineage: Function[] = [];
  for (let at: unknown = type; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    lineage.unshift(at);
  }
  return lineage;
}

/** The policies of a class by property, inherited ones included; a subclass replaces those of its base. */
export function policiesOf(type: Function): Map<string, FieldPolicy> {
  return new Map(lineageOf(type).flatMap((one) => [...(policies.get(one.prototype as object) ?? [])]));
}

/** Whether the object's class declares policies for its properties: such an object is never recorded as a whole. */
export function declaresPolicies(value: object): boolean {
  for (let at: unknown = Object.getPrototypeOf(value); at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    if (policies.has(at as object)) return true;
  }
  return false;
}
