import { SetMetadata } from '@nestjs/common';
import { checkAction } from '../entry/action.js';

export const AUDIT_DECLARATION = 'pikaia:audit-declaration';

export type AuditDeclaration = { readonly action: string } | { readonly why: string };

/**
 * This route records `action` when it succeeds, or says `nothingToRecord`. A 2xx response without it is logged as
 * `audit_record_missing`.
 */
export function Audited(action: string): MethodDecorator {
  checkAction(action);
  return SetMetadata(AUDIT_DECLARATION, { action } satisfies AuditDeclaration);
}

/** This route changes nothing that belongs into the audit log, for the reason given. */
export const NotAudited = (why: string): MethodDecorator => SetMetadata(AUDIT_DECLARATION, { why } satisfies AuditDeclaration);
