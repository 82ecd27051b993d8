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

/**
 * The names of the database roles, or `single`: one role runs the migrations and all processes. With a single role neither the
 * append-only tables nor row-level security protect the audit log from the application.
 */
export type DatabaseRoles = RoleNames | 'single';

// PostgreSQL reads this as the role of the session in grants, policies and `authorization`.
const CURRENT_USER = 'current_user';

/** Returns the roles for the text of statements. With a single role, each of them is the role of the session. */
export const roleNamesOf = (roles: DatabaseRoles): RoleNames =>
  roles === 'single' ? { api: CURRENT_USER, worker: CURRENT_USER, auditOwner: CURRENT_USER, auditOperator: CURRENT_USER } : roles;
