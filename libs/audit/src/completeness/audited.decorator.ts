import { SetMetadata } from '@nestjs/common';
import { checkAction } from '../entry/action.js';

export const AUDIT_DECLARATION = 'pikaia:audit-declaration';

export type AuditDeclaration = { readonly action: string } | { readonly reason: string };

/**
 * Declares that this route records `action` when it succeeds, or calls `nothingToRecord`. A 2xx response that does neither is
 * logged as `audit_record_missing`, also if `record` was called with an empty diff.
 */
export function Audited(action: string): MethodDecorator {
  checkAction(action);
  return SetMetadata(AUDIT_DECLARATION, { action } satisfies AuditDeclaration);
}

/** Declares that this route changes nothing that the audit log must contain, and why. */
export const NotAudited = (reason: string): MethodDecorator =>
  SetMetadata(AUDIT_DECLARATION, { reason } satisfies AuditDeclaration);
