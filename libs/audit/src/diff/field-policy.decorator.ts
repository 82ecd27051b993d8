/**
 * Declares what the audit log may keep of a property. `public`: the value, permanently. `personal`: the value, until the person
 * is erased. `secret`: only the fact that the value changed.
 */
export type FieldPolicy =
  /** `keys` names the public keys of a JSON value; see PublicOptions. */
  | { readonly kind: 'public'; readonly keys?: PublicKeys }
  | { readonly kind: 'secret' }
  /** `owner` names the property that holds the person's user id, or is `self` if the entity is the person. */
  | { readonly kind: 'personal'; readonly owner: string };

export type PublicKeys = 'all' | readonly string[];

export interface PublicOptions {
  /**
   * Required for a JSON column and for any other value that is an object. A list records each listed key as a separate field
   * (`settings.theme`). For the other keys, the entry records only that the column changed. `'all'` records the whole value.
   */
  readonly keys?: PublicKeys;
}

const policies = new WeakMap<object, Map<string, FieldPolicy>>();

/**
 * Keeps the value permanently. Use it for values that are not about a person. An object without `keys` is recorded only as
 * changed.
 */
export const Public = ({ keys }: PublicOptions = {}): PropertyDecorator =>
  declare({ kind: 'public', ...(keys !== undefined && { keys }) });

/**
 * Keeps the value where it can be erased, because it belongs to a person.
 *
 * @param owner the property that holds the person's user id, or `self` if the entity is the person. In an embedded class, the
 * property is looked up in that class first, then in the classes that embed it; `self` is always the entity.
 */
export const Personal = (owner: string): PropertyDecorator => declare({ kind: 'personal', owner });

/** Never keeps the value. The entry records only that it changed. */
export const Secret = (): PropertyDecorator => declare({ kind: 'secret' });

function declare(policy: FieldPolicy): PropertyDecorator {
  return (prototype, property) => {
    const own = policies.get(prototype) ?? new Map<string, FieldPolicy>();
    own.set(String(property), policy);
    policies.set(prototype, own);
  };
}

/** Returns a class and the classes that it extends, base class first. */
export function lineageOf(type: Function): Function[] {
  const lineage: Function[] = [];
  for (let at: unknown = type; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    lineage.unshift(at);
  }
  return lineage;
}

/** Returns the policies of a class by property, including inherited ones. The policy of a subclass replaces that of its base. */
export function policiesOf(type: Function): Map<string, FieldPolicy> {
  return new Map(lineageOf(type).flatMap((one) => [...(policies.get(one.prototype as object) ?? [])]));
}

/** True if the object's class declares policies for its properties. Such an object is never recorded as a whole. */
export function declaresPolicies(value: object): boolean {
  for (let at: unknown = Object.getPrototypeOf(value); at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    if (policies.has(at as object)) return true;
  }
  return false;
}
