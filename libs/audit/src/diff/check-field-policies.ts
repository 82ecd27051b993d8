import { PikaiaError } from '@pikaia/core';
import type { DataSource, EntityMetadata } from 'typeorm';
import { auditedEntityOptions } from './audited-entity.decorator.js';
import { auditedFields, isMapped, type AuditedField } from './audited-fields.js';

const JSON_TYPES = new Set<unknown>(['json', 'jsonb', 'simple-json', 'hstore']);

/** Columns without a policy, and policies that cannot be applied, of all audited entities. */
interface PolicyErrors {
  readonly missing: string[];
  readonly invalid: string[];
}

/**
 * Checks that each column of each audited entity declares what the log may keep, also inside embedded classes and JSON.
 *
 * @throws PikaiaError `PIKAIA_AUDIT_FIELD_POLICY_MISSING` if a column has no policy. The message names each such column, in the
 * form `Member.address.street`.
 * @throws PikaiaError `PIKAIA_AUDIT_FIELD_POLICY_INVALID` if a policy cannot be applied. The message names each and its remedy.
 */
export function checkFieldPolicies({ entityMetadatas }: Pick<DataSource, 'entityMetadatas'>): void {
  const findings: PolicyErrors = { missing: [], invalid: [] };
  for (const metadata of entityMetadatas) {
    const { target } = metadata;
    if (typeof target !== 'function' || !auditedEntityOptions(target)) continue;
    const fields = auditedFields(target);
    checkColumns(target, metadata, fields, findings);
    checkRelations(target, metadata, fields, findings);
    checkKey(target, metadata, fields, findings);
    checkOwners(target, fields, findings);
    checkUniqueNames(target, fields, findings);
  }
  const { missing, invalid } = findings;
  const sentences = [
    missing.length > 0 &&
      `Columns of audited entities without a policy: ${missing.join(', ')}. Mark each with @Public(), @Personal(…) or @Secret(); declare a join column as a separate property, mark the fields of an embedded class in that class, and name the public keys of a JSON column: @Public({ keys: ['theme'] }), or @Public({ keys: 'all' }).`,
    invalid.length > 0 && `Policies of audited entities that cannot be applied: ${invalid.join(' ')}`,
  ].filter((sentence) => sentence !== false);
  if (sentences.length === 0) return;
  throw new PikaiaError(
    missing.length > 0 ? 'PIKAIA_AUDIT_FIELD_POLICY_MISSING' : 'PIKAIA_AUDIT_FIELD_POLICY_INVALID',
    sentences.join(' '),
  );
}

const findField = (fields: readonly AuditedField[], path: string): AuditedField | undefined =>
  fields.find((field) => field.path.join('.') === path);

function checkColumns(
  target: Function,
  metadata: EntityMetadata,
  fields: readonly AuditedField[],
  { missing, invalid }: PolicyErrors,
) {
  for (const column of metadata.columns) {
    const [root] = column.propertyPath.split('.');
    // Single-table inheritance: the parent's table also has the columns of its children. They are checked with the child entity.
    if (metadata.childEntityMetadatas.length > 0 && !column.isVirtual && !isMapped(target, root!)) continue;
    if (column.isVirtual && !column.relationMetadata) continue; // internal to TypeORM, such as a materialized path
    // The entity holds no value for a join column without its own property, only the whole related entity.
    const isJoinColumn = column.isVirtual || column.relationMetadata?.propertyName === column.propertyName;
    const embedding = column.embeddedMetadata ? `${column.embeddedMetadata.propertyPath}.` : '';
    const path = isJoinColumn ? embedding + column.databaseNameWithoutPrefixes : column.propertyPath;
    const field = findField(fields, path);
    const enclosingField = fields.find((one) => path.startsWith(`${one.path.join('.')}.`));
    if (enclosingField && enclosingField.kind !== 'secret') {
      invalid.push(
        `${target.name}.${enclosingField.path.join('.')}: declare the embedded class with @Column(() => …), not in an EntitySchema.`,
      );
    } else if (!enclosingField && !field) {
      missing.push(`${target.name}.${path}`);
    } else if (field?.kind === 'public' && field.keys === undefined && JSON_TYPES.has(column.type)) {
      missing.push(`${target.name}.${path} (JSON)`);
    }
  }
  for (const { isArray, propertyPath } of metadata.allEmbeddeds) {
    if (!isArray || findField(fields, propertyPath)?.kind === 'secret') continue;
    invalid.push(
      `${target.name}.${propertyPath}: an array of embedded objects has no field names; mark the property with @Secret().`,
    );
  }
}

function checkRelations(
  target: Function,
  { relations }: EntityMetadata,
  fields: readonly AuditedField[],
  { invalid }: PolicyErrors,
) {
  for (const { propertyPath, isLazy } of relations) {
    const field = findField(fields, propertyPath);
    if (!field || (field.related && !isLazy)) continue;
    invalid.push(
      `${target.name}.${propertyPath}: remove the policy. A related entity has its own records; declare the join column as a separate property and mark that property. Only a many-to-many relation that is not lazy takes a policy.`,
    );
  }
}

/** Checks that the id of the aggregate is the whole key. Entries of two entities would share an id that is a part of their keys. */
function checkKey(
  target: Function,
  { primaryColumns }: EntityMetadata,
  fields: readonly AuditedField[],
  { invalid }: PolicyErrors,
) {
  const { id, person } = auditedEntityOptions(target)!;
  const columns = primaryColumns.map(({ propertyPath }) => propertyPath);
  if (id === undefined && columns.length > 1) {
    const names = columns.map((name) => `'${name}'`).join(', ');
    invalid.push(
      `${target.name}: the primary key has several columns; name their properties, @AuditedEntity({ id: [${names}] }), or one property that is unique alone.`,
    );
  }
  if (typeof id !== 'object') return;
  if (id.length === 0) invalid.push(`${target.name}: the list of properties of the id is empty.`);
  if (person === 'self') invalid.push(`${target.name}: an entity that is the person needs an id of one property.`);
  for (const property of id) {
    if (findField(fields, property)?.kind === 'public' || property in (target.prototype as object)) continue;
    invalid.push(`${target.name}.${property}: @AuditedEntity names it in the id, so it must be a property with @Public().`);
  }
}

/**
 * Checks the properties that hold ids. Entries store ids in plain text permanently, and ids determine the owner of a personal
 * value.
 */
function checkOwners(target: Function, fields: readonly AuditedField[], { invalid }: PolicyErrors) {
  const { id = 'id', person, label } = auditedEntityOptions(target)!;
  const isAccessor = (property: string): boolean => property in (target.prototype as object);
  const idField = typeof id === 'string' ? findField(fields, id) : undefined;
  if (idField && idField.kind !== 'public') {
    invalid.push(`${target.name}.${String(id)}: mark the id with @Public(); every entry contains it in plain text.`);
  }
  const isId = (path: string, accessor: boolean): boolean =>
    (findField(fields, path)?.kind ?? (accessor ? 'public' : 'none')) === 'public';
  if (person !== undefined && person !== 'self' && !isId(person, isAccessor(person))) {
    invalid.push(
      `${target.name}.${person}: @AuditedEntity names it as the person, so it must be a property with @Public() that holds the user id.`,
    );
  }
  const labelField = label === undefined ? undefined : findField(fields, label);
  if (label !== undefined && (labelField ? labelField.kind === 'secret' : !isAccessor(label))) {
    invalid.push(
      `${target.name}.${label}: @AuditedEntity names it as the label, so it must be a property with @Public() or @Personal(…).`,
    );
  }
  for (const { path, owner } of fields) {
    if (owner === undefined || owner === 'self' || isId(owner.path.join('.'), owner.accessor)) continue;
    invalid.push(
      `${target.name}.${path.join('.')}: @Personal names ${owner.path.join('.')}, which must be a property with @Public() that holds the user id.`,
    );
  }
}

function checkUniqueNames(target: Function, fields: readonly AuditedField[], { invalid }: PolicyErrors) {
  const names = fields.flatMap(({ name, keys }) => [name, ...(Array.isArray(keys) ? keys.map((key) => `${name}.${key}`) : [])]);
  for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index))) {
    invalid.push(`${target.name}: two fields would be recorded as ${name}; give one of their columns another name.`);
  }
}
