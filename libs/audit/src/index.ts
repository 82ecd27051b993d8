export {
  auditAction,
  declaredActions,
  type AnyAuditAction,
  type AuditAction,
  type AuditActionOptions,
  type ChangesArgument,
  type ChangesRule,
} from './action/audit-action.js';
export { AuditModule, type AuditModuleOptions } from './audit.module.js';
export { Audited, NotAudited } from './completeness/audited.decorator.js';
export { checkAuditDeclarations } from './completeness/check-audit-declarations.js';
export type { NothingToRecord } from './completeness/request-records.js';
export { AuditedEntity, type AuditedEntityOptions } from './diff/audited-entity.decorator.js';
export { checkFieldPolicies } from './diff/check-field-policies.js';
export { diff, joinDiffs, type Diff, type PersonalDiff } from './diff/diff.js';
export { Personal, Public, Secret, type PublicKeys, type PublicOptions } from './diff/field-policy.decorator.js';
export { snapshot, type Snapshot } from './diff/snapshot.js';
export type { AggregateReference } from './entry/aggregate-reference.js';
export { PLATFORM } from './entry/entry.js';
export { auditMigrations } from './migrations/index.js';
export type { AuditFilter, AuditLogEntry, AuditScope } from './query/audit-filter.js';
export { AuditLog, type AuditPage, type AuditPageRequest } from './query/audit-log.query.js';
export { Audit } from './record/audit.service.js';
