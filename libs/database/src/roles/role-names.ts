/**
 * The names of the database roles. They are configurable so that several systems can share a cluster. Use plain identifiers,
 * because the names become part of statements.
 */
export interface RoleNames {
  /** The login role of the API. */
  readonly api: string;
  /** The login role of the worker. */
  readonly worker: string;
  /** The role that owns the audit tables. It has no login. */
  readonly auditOwner: string;
  /** The role that reads the audit log of all organizations. A session switches to it with `set local role`. */
  readonly auditOperator: string;
}

export const defaultRoles: RoleNames = {
  api: 'pikaia_api',
  worker: 'pikaia_worker',
  auditOwner: 'pikaia_audit_owner',
  auditOperator: 'pikaia_audit_operator',
};
