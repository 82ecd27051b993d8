import { getMetadataArgsStorage } from 'typeorm';

/**
 * What the audit log may keep of a property.
 * `public`: its value, for ever. `personal`: its value, until the person is erased. `secret`: only that it changed.
 */
export type FieldPolicy =
  | { readonly kind: 'public' }
  | { readonly kind: 'secret' }
  /** `whose`: the property that holds the person's user id, or `self` where the entity is the person. */
  | { readonly kind: 'personal'; readonly whose: string };

export interface AuditedField {
  readonly property: string;
  /** As diffs name it: the column's name where the entity gives one, else the property's. */
  readonly name: string;
  readonly policy: FieldPolicy;
  /** The column's type as declared, `numeric`, `timestamptz`; decides the normal form. */
  readonly columnType: string | undefined;
}

const policies = new WeakMap<object, Map<string, FieldPolicy>>();
const fieldsOfClass = new WeakMap<Function, readonly AuditedField[]>();

/** The value may be kept for ever: it says nothing about a person. */
export const Public = (): PropertyDecorator => declare({ kind: 'public' });

/** The value is a person's: kept where it can be erased. `whose` names the property that holds the user id. */
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

/** The properties of an entity class that have a policy, inherited ones included. */
export function auditedFields(entity: Function): readonly AuditedField[] {
  const known = fieldsOfClass.get(entity);
  if (known) return known;
  const lineage: Function[] = [];
  for (let at: unknown = entity; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    lineage.unshift(at);
  }
  const found = new Map<string, FieldPolicy>();
  for (const type of lineage) for (const [name, policy] of policies.get(type.prototype as object) ?? []) found.set(name, policy);
  const fields = [...found].map(([property, policy]): AuditedField => {
    const column = getMetadataArgsStorage().columns.findLast(
      ({ target, propertyName }) => propertyName === property && lineage.includes(target as Function),
    );
    const type = column?.options.type;
    return {
      property,
      name: column?.options.name ?? property,
      policy,
      columnType: typeof type === 'string' ? type : undefined,
    };
  });
  fieldsOfClass.set(entity, fields);
  return fields;
}
