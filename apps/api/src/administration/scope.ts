import type { EventScope, OperationScope } from '@pikaia/events';
import type { Identity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';

/**
 * Returns the scope of the events and audit entries that a person may see. Admins see their organization. Operators see all;
 * EventLog masks the personal data of events for them.
 */
export const readScopeOf = (identity: Identity): EventScope =>
  identity.kind === 'operator' ? { operator: true } : { organization: identity.organizationId };

/** Returns the scope of the events that a command of this person may affect. */
export const operationScopeOf = (identity: Identity): OperationScope =>
  identity.kind === 'operator' ? {} : { organizationId: identity.organizationId };

/** @throws Problem 403 if an admin requests another organization. */
export function requireOwnOrganization(identity: Identity, requestedOrganizationId: string | undefined): void {
  if (identity.kind === 'operator' || requestedOrganizationId === undefined) return;
  if (requestedOrganizationId !== identity.organizationId)
    throw Problem.forbidden('Admins can read only the records of their own organization.');
}
