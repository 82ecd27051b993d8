import type { ModulesContainer } from '@nestjs/core';
import { PikaiaError } from '@pikaia/core';
import { findAuditDeclarations } from './find-audit-declarations.js';

/**
 * Checks that every mutating route declares `@Audited` or `@NotAudited`.
 *
 * @throws PikaiaError `PIKAIA_AUDIT_DECLARATION_MISSING`. The message names each route that has neither decorator, in the form
 * `MembersController.invite (POST)`.
 */
export function checkAuditDeclarations(modules: ModulesContainer): void {
  const missing = findAuditDeclarations(modules).filter(({ actions, reason }) => actions.length === 0 && reason === undefined);
  if (missing.length === 0) return;
  const names = missing.map(({ name, route }) => `${name} (${route!.method})`);
  throw new PikaiaError(
    'PIKAIA_AUDIT_DECLARATION_MISSING',
    `Routes that declare neither @Audited(action) nor @NotAudited('why'): ${names.join(', ')}.`,
  );
}
