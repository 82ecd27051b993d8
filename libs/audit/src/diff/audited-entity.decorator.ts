import { findIdProblem, PikaiaError } from '@pikaia/core';
import type { AggregateReference } from '../entry/aggregate-reference.js';

export interface AuditedEntityOptions {
  /** The aggregate type in records, such as `member`. */
  readonly type: string;
  /**
   * The property that holds the id, or the properties of a key of several columns. Default: `id`. The id of the aggregate is then the
   * values with `:` between them, such as `org-1:user-1`; `:` and `%` in a value are written as `%3A` and `%25`.
   */
  readonly id?: string | readonly string[];
  /** For an entity about a person: the property that holds the user id, or `self` if the entity is the person. */
  readonly person?: string;
  /** Used with `person`: the property that names the person for readers, such as `email`. Its value is erased with the person. */
  readonly label?: string;
}

const marked = new WeakMap<Function, AuditedEntityOptions>();

/** Marks an entity whose changes are recorded. Each column of the entity needs a policy; see checkFieldPolicies. */
export function AuditedEntity(options: AuditedEntityOptions): ClassDecorator {
  return (entity) => void marked.set(entity, options);
}

export function auditedEntityOptions(entity: Function): AuditedEntityOptions | undefined {
  for (let at: unknown = entity; typeof at === 'function'; at = Object.getPrototypeOf(at)) {
    const options = marked.get(at);
    if (options) return options;
  }
  return undefined;
}

/**
 * @throws PikaiaError `PIKAIA_AUDIT_AGGREGATE_INVALID` if `aggregate` is neither a marked entity nor `{ type, id }`, or its id or the
 * id of its person is not usable. Entries of all such aggregates would share one id.
 */
export function aggregateOf(aggregate: object): AggregateReference {
  const entity: unknown = aggregate?.constructor;
  const options = typeof entity === 'function' ? auditedEntityOptions(entity) : undefined;
  const name = (typeof entity === 'function' && entity.name) || 'an object';
  const valueOf = (property: string | undefined): unknown =>
    property === undefined ? undefined : (aggregate as Readonly<Record<string, unknown>> | undefined)?.[property];
  const invalid = (property: string, problem: string) => invalidAggregate(name, `whose ${property} ${problem}`);
  const type = options?.type ?? valueOf('type');
  if (typeof type !== 'string' || type.trim() === '') throw invalidAggregate(name, 'without a type');
  const id = idOf(aggregate, options, invalid);
  const person = options ? options.person : 'subject';
  const hasPerson = ![undefined, null, ''].includes(valueOf(person) as string);
  const subject = options && person === 'self' ? id : hasPerson ? idOf(aggregate, { id: person! }, invalid) : undefined;
  const label = valueOf(options ? options.label : 'label');
  return {
    type,
    id,
    ...(subject !== undefined && { subject }),
    ...(findIdProblem(label) === undefined && { label: String(label) }),
  };
}

/** Reads the id of an entity. `invalid` makes the error for a property that holds no id. */
export function idOf(
  entity: object,
  options: Pick<AuditedEntityOptions, 'id'> | undefined,
  invalid: (property: string, problem: string) => Error,
): string {
  const texts = [options?.id ?? 'id'].flat().map((property) => {
    const value = (entity as Readonly<Record<string, unknown>> | undefined)?.[property];
    const problem = findIdProblem(value);
    if (problem !== undefined) throw invalid(property, problem);
    return String(value);
  });
  return joinIds(texts);
}

/** Joins the values of a key. Two different keys never have one text. */
export const joinIds = (texts: readonly string[]): string =>
  texts.length === 1 ? texts[0]! : texts.map((text) => text.replaceAll('%', '%25').replaceAll(':', '%3A')).join(':');

const invalidAggregate = (name: string, problem: string): PikaiaError =>
  new PikaiaError(
    'PIKAIA_AUDIT_AGGREGATE_INVALID',
    `record() was given ${name} ${problem}. Mark the class with @AuditedEntity and call record() after the row is saved, create the id with newId(), or pass { type, id } with the id as text.`,
  );
