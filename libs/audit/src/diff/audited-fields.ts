import { getMetadataArgsStorage } from 'typeorm';
import type { ColumnType } from './column-form.js';
import { lineageOf, policiesOf, type FieldPolicy, type PublicKeys } from './field-policy.decorator.js';
import { relatedClass } from './related-ids.js';

type Path = readonly string[];

/** The owner of a personal field: the entity itself, or the person whose user id is at `path`. */
export type FieldOwner = 'self' | { readonly path: Path; readonly accessor: boolean };

export interface AuditedField {
  /** The properties from the entity to the value: more than one for a value in an embedded object. */
  readonly path: Path;
  /**
   * The name in diffs: the column name if the entity declares one, otherwise the property name. The field of an embedded
   * object has a dotted name: `address.street`.
   */
  readonly name: string;
  readonly kind: FieldPolicy['kind'];
  /** Set for a personal field. */
  readonly owner?: FieldOwner;
  /** The public keys of a field whose value is an object. */
  readonly keys?: PublicKeys;
  readonly column: ColumnType;
  /** The class of the related entities, if the property is a many-to-many relation. */
  readonly related?: () => Function;
}

/** A class, and the path of its object in the entity. */
interface Scope {
  readonly type: Function;
  readonly path: Path;
  readonly name: string;
}

const fieldsOfClass = new WeakMap<Function, readonly AuditedField[]>();

/**
 * Returns the fields of an entity class that have a policy, including those of embedded classes. Computed once for each class.
 * The stricter policy applies: a secret embedded object is one secret field, and the public fields of a personal object are
 * personal.
 */
export function auditedFields(entity: Function): readonly AuditedField[] {
  const known = fieldsOfClass.get(entity);
  if (known) return known;
  const fields = collectFields([{ type: entity, path: [], name: '' }], undefined);
  fieldsOfClass.set(entity, fields);
  return fields;
}

/** `scopes` starts with the entity and ends with the embedded class whose fields are collected. */
function collectFields(scopes: readonly Scope[], personal: FieldOwner | undefined): AuditedField[] {
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
    const owner = policy?.kind === 'personal' ? resolveOwner(policy.owner, scopes) : personal;
    const embeddedType = declaredIn(storage.embeddeds, property)?.type();
    if (embeddedType !== undefined && policy?.kind !== 'secret') {
      // TypeORM refuses a class that embeds itself. An EntitySchema names its classes by strings: checkFieldPolicies reports
      // that.
      if (typeof embeddedType !== 'function' || scopes.some((scope) => scope.type === embeddedType)) return [];
      return collectFields([...scopes, { type: embeddedType, path: at.path, name: `${at.name}.` }], owner);
    }
    const related = relatedClass(type, property);
    const stored = { ...at, column: column ? columnTypeOf(column) : { name: undefined }, ...(related && { related }) };
    if (policy!.kind === 'secret') return [{ ...stored, kind: 'secret' }];
    if (owner !== undefined) return [{ ...stored, kind: 'personal', owner }];
    const keys = policy!.kind === 'public' ? policy!.keys : undefined;
    return [{ ...stored, kind: 'public', ...(keys !== undefined && { keys }) }];
  });
}

const TYPE_OF_CLASS = new Map<unknown, string>([
  [Date, 'timestamp'],
  [Number, 'integer'],
]);

/** Reads the type that TypeORM gives the column, which can follow from the type of the property or the kind of the column. */
function columnTypeOf({ options, mode }: ReturnType<typeof getMetadataArgsStorage>['columns'][number]): ColumnType {
  const { type, utc, precision, scale = typeof precision === 'number' ? 0 : undefined } = options;
  const isDateColumn = mode === 'createDate' || mode === 'updateDate' || mode === 'deleteDate';
  const name = typeof type === 'string' ? type : (TYPE_OF_CLASS.get(type) ?? (isDateColumn ? 'timestamp' : undefined));
  return { name, ...(utc !== undefined && { utc }), ...(scale !== undefined && { scale }) };
}

/** Finds the property in the embedded class first, then in each class that embeds it. Falls back to the entity. */
function resolveOwner(owner: string, scopes: readonly Scope[]): FieldOwner {
  if (owner === 'self') return 'self';
  const scope = scopes.findLast(({ type }) => hasProperty(type, owner)) ?? scopes[0]!;
  return { path: [...scope.path, owner], accessor: owner in (scope.type.prototype as object) };
}

const hasProperty = (type: Function, property: string): boolean =>
  property in (type.prototype as object) || policiesOf(type).has(property) || isMapped(type, property);

/** True if a TypeORM decorator on the class, or on a class that it extends, maps the property. */
export function isMapped(type: Function, property: string): boolean {
  const { columns, embeddeds, relations } = getMetadataArgsStorage();
  const lineage = lineageOf(type);
  return [columns, embeddeds, relations].some((mapped) =>
    mapped.some(({ target, propertyName }) => propertyName === property && lineage.includes(target as Function)),
  );
}
