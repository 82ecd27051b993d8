import { PikaiaError } from '@pikaia/core';
import type { DataSource } from 'typeorm';
import { auditedEntityOptions } from './audited-entity.decorator.js';
import { auditedFields } from './field-policy.decorator.js';

/**
 * Deny by default: each column of each audited entity says what the log may keep of it.
 *
 * @throws PikaiaError `PIKAIA_AUDIT_FIELD_POLICY_MISSING` naming every column without a policy, as `Member.email`.
 */
export function checkFieldPolicies({ entityMetadatas }: Pick<DataSource, 'entityMetadatas'>): void {
  const missing: string[] = [];
  for (const { target, columns } of entityMetadatas) {
    if (typeof target !== 'function' || !auditedEntityOptions(target)) continue;
    const declared = new Set(auditedFields(target).map(({ property }) => property));
    for (const column of columns) {
      // A join column without a property of its own would put the whole related entity into the diff.
      const property = column.isVirtual ? column.databaseName : column.propertyPath.split('.')[0]!;
      if (!declared.has(property)) missing.push(`${target.name}.${property}`);
    }
  }
  if (missing.length === 0) return;
  throw new PikaiaError(
    'PIKAIA_AUDIT_FIELD_POLICY_MISSING',
    `Columns of audited entities without a policy: ${missing.join(', ')}. Mark each with @Public(), @Personal(…) or @Secret(); declare a join column as a property of its own.`,
  );
}
