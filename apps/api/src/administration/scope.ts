import type { AuditScope } from '@pikaia/audit';
import type { OperationScope } from '@pikaia/events';
import type { Identity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';

/** The records that a person may see. Admins see their organization; operators see all, with personal data masked. */
export interface Scope {
  /** Undefined for all organizations. */
  readonly organizationId?: string;
  readonly masked: boolean;
}

/** @throws Problem 403 if an admin requests another organization. */
export function scopeOf(identity: Identity, requestedOrganizationId?: string): Scope {
  if (identity.kind === 'operator')
    return { ...(requestedOrganizationId !== undefined && { organizationId: requestedOrganizationId }), masked: true };
  if (requestedOrganizationId !== undefined && requestedOrganizationId !== identity.organizationId)
    throw Problem.forbidden('Admins can read only the records of their own organization.');
  return { organizationId: identity.organizationId, masked: false };
}

/** Returns the scope of the events that a command of this person may affect. */
export const operationScopeOf = (identity: Identity): OperationScope =>
  identity.kind === 'operator' ? {} : { organizationId: identity.organizationId };

/** Returns the scope of the audit log, which row-level security enforces. */
export const auditScopeOf = (identity: Identity): AuditScope =>
  identity.kind === 'operator' ? { operator: true } : { organization: identity.organizationId };
