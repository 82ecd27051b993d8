import type { AuditScope } from '@pikaia/audit';
import type { OperationScope } from '@pikaia/events';
import type { Identity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';

/** Whose records a person sees: an admin those of the own organization, an operator all, with personal data masked. */
export interface Scope {
  /** Undefined: of all organizations. */
  readonly organizationId?: string;
  readonly masked: boolean;
}

/** @throws Problem 403 for an admin who asks for another organization. */
export function scopeOf(identity: Identity, asked?: string): Scope {
  if (identity.kind === 'operator') return { ...(asked !== undefined && { organizationId: asked }), masked: true };
  if (asked !== undefined && asked !== identity.organizationId)
    throw Problem.forbidden('Admins see the records of their own organization.');
  return { organizationId: identity.organizationId, masked: false };
}

/** Whose events a command may touch. */
export const operationScopeOf = (identity: Identity): OperationScope =>
  identity.kind === 'operator' ? {} : { organizationId: identity.organizationId };

/** The same for the audit log, where row-level security enforces it. */
export const auditScopeOf = (identity: Identity): AuditScope =>
  identity.kind === 'operator' ? { operator: true } : { organization: identity.organizationId };
