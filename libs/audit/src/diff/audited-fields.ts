import { getMetadataArgsStorage } from 'typeorm';
import { lineageOf, policiesOf, type FieldPolicy, type PublicKeys } from './field-policy.decorator.js';

type Path = readonly string[];

/** Whose a personal field is: the entity itself, or the person whose id stands at `path`. */
export type Whose = 'self' | { readonly path: Path; readonly accessor: boolean };

export interface AuditedField {
  /** From the entity to the value: several properties where the value lies in an embedded object. */
  readonly path: Path;
  /**
   * As diffs name it: the column's name where the entity gives one, else the property's. Of a field of an embedded object, the
   * names on the path, with dots: `address.street`.
   */
  readonly name: string;
  readonly kind: FieldPolicy['kind'];
  /** Of a personal field. */
  readonly whose?: Whose;
  /** Of a public field whose value is an object. */
  readonly keys?: PublicKeys;
  /** The column's type as declared, `numeric`, `timestamptz`; decides the normal form. */
  readonly columnType: string | undefined;
}

/** A class and where its object lies in the entity. */
interface Scope {
  readonly type: Function;
  readonly path: Path;
  readonly name: string;
}

const fieldsOfClass = new WeakMap<Function, readonly AuditedField[]>();

/**
 * The fields of an entity class that have a policy, those of embedded classes included. Computed once for each class.
 * The stricter policy holds: a secret embedded object is one secret field, and the public fields of a personal one are personal.
 */
export function auditedFields(entity: Function): readonly AuditedField[] {
  const known = fieldsOfClass.get(entity);
  if (known) return known;
  const fields = fieldsIn([{ type: entity, path: [], name: '' }], undefined);
  fieldsOfClass.set(entity, fields);
  return fields;
}

/** `scopes`: the entity first, then each embedded class down to the one whose fields are taken. */
function fieldsIn(scopes: readonly Scope[], personal: Whose | undefined): AuditedField[] {
  const { type, path, name } = scopes.at(-1)!;
  const lineage = lineageOf(type);
  const own = policiesOf(type);
  const storage = getMetadataArgsStorage();
  const declaredIn = <T extends { target: Function | string; propertyName: string }>(all: readonly T[], property: string) =>
    all.findLast(({ target, propertyName }) => propertyName === property && lineage.includes(target as Function));
  const embedded = storage.embeddeds
    .filter(({ target }) => lineage.includes(target as Function))
    .map(({ propertyName }) => propertyName);
  return [...new Set([...own.keys(), ...embedded])].flatMap((property): AuditedField[] => {
    const policy = own.get(property);
    const column = declaredIn(storage.columns, property);
    const at = { path: [...path, property], name: `${name}${column?.options.name ?? property}` };
    const whose = policy?.kind === 'personal' ? whoseIs(policy.whose, scopes) : personal;
    const embeddedType = declaredIn(storage.embeddeds, property)?.type();
    if (embeddedType !== undefined && policy?.kind !== 'secret') {
      // TypeORM refuses a class that embeds itself, and names the classes of an EntitySchema by strings: checkFieldPolicies says so.
      if (typeof embeddedType !== 'function' || scopes.some((scope) => scope.type === embeddedType)) return [];
      return fieldsIn([...scopes, { type: embeddedType, path: at.path, name: `${at.name}.` }], whose);
    }
    const columnType = typeof column?.options.type === 'string' ? column.options.type : undefined;
    if (policy!.kind === 'secret') return [{ ...at, kind: 'secret', columnType }];
    if (whose !== undefined) return [{ ...at, kind: 'personal', whose, columnType }];
    const keys = policy!.kind === 'public' ? policy!.keys : undefined;
    return [{ ...at, kind: 'public', ...(keys !== undefined && { keys }), columnType }];
  });
}

/** The nearest class that has the property, from the embedded one outward; the entity where none has. */
function whoseIs(whose: string, scopes: readonly Scope[]): Whose {
  if (whose === 'self') return 'self';
  const scope = scopes.findLast(({ type }) => hasProperty(type, whose)) ?? scopes[0]!;
  return { path: [...scope.path, whose], accessor: whose in (scope.type.prototype as object) };
}

const hasProperty = (type: Function, property: string): boolean =>
  property in (type.prototype as object) || policiesOf(type).has(property) || isMapped(type, property);

/** Whether a decorator of TypeORM on the class, or on one that it extends, maps the property. */
export function isMapped(type: Function, property: string): boolean {
  const { columns, embeddeds, relations } = getMetadataArgsStorage();
  const lineage = lineageOf(type);
  return [columns, embeddeds, relations].some((mapped) =>
    mapped.some(({ target, propertyName }) => propertyName === property && lineage.includes(target as Function)),
  );
}
