import { findIdProblem, PikaiaError } from '@pikaia/core';
import { getMetadataArgsStorage } from 'typeorm';
import type { Json } from '../entry/normal-form.js';
import { auditedEntityOptions, idOf, joinIds } from './audited-entity.decorator.js';
import { columnForm } from './column-form.js';
import { lineageOf } from './field-policy.decorator.js';

/** Returns the class of the related entities if the property is a many-to-many relation. */
export function relatedClass(owner: Function, property: string): (() => Function) | undefined {
  const lineage = lineageOf(owner);
  const relation = getMetadataArgsStorage().relations.findLast(
    ({ target, propertyName }) => propertyName === property && lineage.includes(target as Function),
  );
  if (relation?.relationType !== 'many-to-many' || typeof relation.type !== 'function') return undefined;
  return relation.type as () => Function;
}

/**
 * Returns the sorted ids of related entities, or null if there are none: the aggregate id of an entity with `@AuditedEntity`, or else
 * the primary key.
 *
 * @returns undefined if the relation was not loaded.
 * @throws PikaiaError `PIKAIA_AUDIT_AGGREGATE_INVALID` if a related entity has no id.
 */
export function relatedIds(value: unknown, related: Function): Json | undefined {
  if (!Array.isArray(value)) return value === null ? null : undefined;
  const ids = new Set(value.map((item: object) => relatedId(item, related)));
  return ids.size === 0 ? null : [...ids].sort();
}

function relatedId(item: object, related: Function): string {
  const problemOf = (property: string, problem: string): PikaiaError =>
    new PikaiaError(
      'PIKAIA_AUDIT_AGGREGATE_INVALID',
      `A diff has a related ${related.name} whose ${property} ${problem}. Save related entities before you compare.`,
    );
  const options = auditedEntityOptions(related);
  if (options) return idOf(item, options, problemOf);
  const lineage = lineageOf(related);
  const { columns } = getMetadataArgsStorage();
  const keys = columns.filter(({ target, options: column }) => column.primary && lineage.includes(target as Function));
  return joinIds(
    keys.map(({ propertyName, options: { type } }) => {
      const held = (item as Readonly<Record<string, unknown>>)[propertyName];
      const problem = findIdProblem(held);
      if (problem !== undefined) throw problemOf(propertyName, problem);
      return String(columnForm(held, { name: typeof type === 'string' ? type : undefined }));
    }),
  );
}
