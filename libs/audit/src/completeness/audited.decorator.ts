import { SetMetadata } from '@nestjs/common';
import { checkDeclared, type AnyAuditAction } from '../action/audit-action.js';

export const AUDIT_DECLARATION = 'pikaia:audit-declaration';

export type AuditDeclaration = { readonly actions: readonly AnyAuditAction[] } | { readonly reason: string };

/**
 * Declares that this route records at least one of `actions` when it succeeds, or calls `nothingToRecord`. A 2xx response that does
 * neither is logged as `audit_record_missing`, also if `record` was called with an empty diff.
 *
 * Declare methods of consumers and commands too. `findAuditDeclarations` lists them, but nothing checks them at run time.
 *
 * @throws PikaiaError `PIKAIA_AUDIT_ACTION_UNDECLARED` for an argument that is not a result of `auditAction`.
 */
export function Audited(...actions: readonly [AnyAuditAction, ...AnyAuditAction[]]): MethodDecorator {
  if (actions.length === 0) checkDeclared(undefined, '@Audited');
  for (const action of actions) checkDeclared(action, '@Audited');
  return SetMetadata(AUDIT_DECLARATION, { actions } satisfies AuditDeclaration);
}

/** Declares that this route changes nothing that the audit log must contain, and why. */
export const NotAudited = (reason: string): MethodDecorator =>
  SetMetadata(AUDIT_DECLARATION, { reason } satisfies AuditDeclaration);
