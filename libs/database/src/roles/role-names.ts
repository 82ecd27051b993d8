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
  /** The login role that people use for SQL. It only reads, and exists only if `migrate` gets a password for it. */
  readonly reader?: string;
}

/** The name of the role of people. */
export const readerOf = ({ reader = 'pikaia_reader' }: RoleNames): string => reader;

export const defaultRoles: RoleNames = {
  api: 'pikaia_api',
  worker: 'pikaia_worker',
  auditOwner: 'pikaia_audit_owner',
  auditOperator: 'pikaia_audit_operator',
};
