/** The database roles; parameters, so that several systems can share a cluster. Plain identifiers: they are part of statements. */
export interface RoleNames {
  /** Runs the API. */
  readonly api: string;
  /** Runs the worker. */
  readonly worker: string;
  /** Owns the audit tables; nobody logs in as it. */
  readonly auditOwner: string;
  /** Reads the audit log of all organizations; taken on by `set local role`. */
  readonly auditOperator: string;
}

export const defaultRoles: RoleNames = {
  api: 'pikaia_api',
  worker: 'pikaia_worker',
  auditOwner: 'pikaia_audit_owner',
  auditOperator: 'pikaia_audit_operator',
};
