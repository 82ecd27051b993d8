import { PikaiaError } from '@pikaia/core';
import type { AggregateReference } from '../entry/aggregate-reference.js';

export interface AuditedEntityOptions {
  /** The aggregate type in records, such as `member`. */
  readonly type: string;
  /** The property that holds the id. Default: `id`. */
  readonly id?: string;
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

/** @throws PikaiaError `PIKAIA_AUDIT_AGGREGATE_INVALID` if `aggregate` is neither a marked entity nor `{ type, id }`. */
export function aggregateOf(aggregate: object): AggregateReference {
  const options = auditedEntityOptions(aggregate.constructor);
  const values = aggregate as Record<string, unknown>;
  const text = (property: string | undefined): string | undefined => {
    const value = property === undefined ? undefined : values[property];
    return value === undefined || value === null || value === '' ? undefined : String(value);
  };
  const id = text(options?.id ?? 'id');
  const type = options?.type ?? (typeof values['type'] === 'string' ? values['type'] : undefined);
  if (id === undefined || type === undefined) {
    throw new PikaiaError(
      'PIKAIA_AUDIT_AGGREGATE_INVALID',
      `record() was given ${aggregate.constructor?.name ?? 'an object'} without a type or an id. Mark the class with @AuditedEntity and call record() after the id is set, or pass { type, id }.`,
    );
  }
  const person = options?.person === 'self' ? (options.id ?? 'id') : options?.person;
  const subject = options ? text(person) : text('subject');
  const label = options ? text(options.label) : text('label');
  return { type, id, ...(subject !== undefined && { subject }), ...(label !== undefined && { label }) };
}
