import { PikaiaError } from '@pikaia/core';
import type { DataSource, EntityMetadata } from 'typeorm';
import { auditedEntityOptions } from './audited-entity.decorator.js';
import { auditedFields, isMapped, type AuditedField } from './audited-fields.js';

const JSON_TYPES = new Set<unknown>(['json', 'jsonb', 'simple-json', 'hstore']);

/** What is wrong with the declarations of one entity: `property` is a path, `address.street`. */
interface Findings {
  readonly missing: string[];
  readonly invalid: string[];
}

/**
 * Deny by default: each column of each audited entity says what the log may keep of it, also inside embedded classes and JSON.
 *
 * @throws PikaiaError `PIKAIA_AUDIT_FIELD_POLICY_MISSING` naming every column without a policy, as `Member.address.street`;
 * `PIKAIA_AUDIT_FIELD_POLICY_INVALID` naming every policy that cannot be applied, with the cure.
 */
export function checkFieldPolicies({ entityMetadatas }: Pick<DataSource, 'entityMetadatas'>): void {
  const findings: Findings = { missing: [], invalid: [] };
  for (const metadata of entityMetadatas) {
    const { target } = metadata;
    if (typeof target !== 'function' || !auditedEntityOptions(target)) continue;
    const fields = auditedFields(target);
    checkColumns(target, metadata, fields, findings);
    checkRelations(target, metadata, fields, findings);
    checkPersons(target, fields, findings);
    checkNames(target, fields, findings);
  }
  const { missing, invalid } = findings;
  const sentences = [
    missing.length > 0 &&
      `Columns of audited entities without a policy: ${missing.join(', ')}. Mark each with @Public(), @Personal(…) or @Secret(); declare a join column as a property of its own, mark the fields of an embedded class in that class, and name the public keys of a JSON column: @Public({ keys: ['theme'] }), or @Public({ keys: 'all' }).`,
    invalid.length > 0 && `Policies of audited entities that cannot be applied: ${invalid.join(' ')}`,
  ].filter((sentence) => sentence !== false);
  if (sentences.length === 0) return;
  throw new PikaiaError(
    missing.length > 0 ? 'PIKAIA_AUDIT_FIELD_POLICY_MISSING' : 'PIKAIA_AUDIT_FIELD_POLICY_INVALID',
    sentences.join(' '),
  );
}

const at = (fields: readonly AuditedField[], path: string): AuditedField | undefined =>
  fields.find((field) => field.path.join('.') === path);

function checkColumns(
  target: Function,
  metadata: EntityMetadata,
  fields: readonly AuditedField[],
  { missing, invalid }: Findings,
) {
  for (const column of metadata.columns) {
    const [root] = column.propertyPath.split('.');
    // Single-table inheritance: the parent's table has its children's columns too, and the children answer for them.
    if (metadata.childEntityMetadatas.length > 0 && !column.isVirtual && !isMapped(target, root!)) continue;
    if (column.isVirtual && !column.relationMetadata) continue; // TypeORM's own, as a materialized path: no property holds it
    // A join column without a property of its own has no value in the entity but the whole related one.
    const isJoinColumn = column.isVirtual || column.relationMetadata?.propertyName === column.propertyName;
    const embedding = column.embeddedMetadata ? `${column.embeddedMetadata.propertyPath}.` : '';
    const path = isJoinColumn ? embedding + column.databaseNameWithoutPrefixes : column.propertyPath;
    const field = at(fields, path);
    const around = fields.find((one) => path.startsWith(`${one.path.join('.')}.`));
    if (around && around.kind !== 'secret') {
      invalid.push(
        `${target.name}.${around.path.join('.')}: declare the embedded class with @Column(() => …), not in an EntitySchema.`,
      );
    } else if (!around && !field) {
      missing.push(`${target.name}.${path}`);
    } else if (field?.kind === 'public' && field.keys === undefined && JSON_TYPES.has(column.type)) {
      missing.push(`${target.name}.${path} (JSON)`);
    }
  }
  for (const { isArray, propertyPath } of metadata.allEmbeddeds) {
    if (!isArray || at(fields, propertyPath)?.kind === 'secret') continue;
    invalid.push(
      `${target.name}.${propertyPath}: an array of embedded objects has no fields with names; mark it with @Secret().`,
    );
  }
}

function checkRelations(target: Function, { relations }: EntityMetadata, fields: readonly AuditedField[], { invalid }: Findings) {
  for (const { propertyPath } of relations) {
    const isCovered = fields.some(({ path }) => path.join('.') === propertyPath);
    if (!isCovered) continue;
    invalid.push(
      `${target.name}.${propertyPath}: remove the policy, for a relation is recorded with the entity that it leads to; declare the join column as a property of its own and mark that.`,
    );
  }
}

/** Ids stand in the entry in clear, for ever, and decide whose a personal value is. */
function checkPersons(target: Function, fields: readonly AuditedField[], { invalid }: Findings) {
  const { id = 'id', person, label } = auditedEntityOptions(target)!;
  const isAccessor = (property: string): boolean => property in (target.prototype as object);
  const idField = at(fields, id);
  if (idField && idField.kind !== 'public') {
    invalid.push(`${target.name}.${id}: mark the id with @Public(); every entry names it in clear.`);
  }
  const isId = (path: string, accessor: boolean): boolean =>
    (at(fields, path)?.kind ?? (accessor ? 'public' : 'none')) === 'public';
  if (person !== undefined && person !== 'self' && !isId(person, isAccessor(person))) {
    invalid.push(
      `${target.name}.${person}: @AuditedEntity names it as the person, so it must be a property with @Public() that holds the user id.`,
    );
  }
  const labelField = label === undefined ? undefined : at(fields, label);
  if (label !== undefined && (labelField ? labelField.kind === 'secret' : !isAccessor(label))) {
    invalid.push(
      `${target.name}.${label}: @AuditedEntity names it as the label, so it must be a property with @Public() or @Personal(…).`,
    );
  }
  for (const { path, whose } of fields) {
    if (whose === undefined || whose === 'self' || isId(whose.path.join('.'), whose.accessor)) continue;
    invalid.push(
      `${target.name}.${path.join('.')}: @Personal names ${whose.path.join('.')}, which must be a property with @Public() that holds the user id.`,
    );
  }
}

function checkNames(target: Function, fields: readonly AuditedField[], { invalid }: Findings) {
  const names = fields.flatMap(({ name, keys }) => [name, ...(Array.isArray(keys) ? keys.map((key) => `${name}.${key}`) : [])]);
  for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index))) {
    invalid.push(`${target.name}: two fields would be recorded as ${name}; give one of their columns another name.`);
  }
}
