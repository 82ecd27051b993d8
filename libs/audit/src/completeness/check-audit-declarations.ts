import type { ModulesContainer } from '@nestjs/core';
import { PikaiaError } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import { findAuditDeclarations } from './find-audit-declarations.js';

const logger = getLogger('audit');

const HINT = "Declare @Audited(action) or @NotAudited('why') on each route. Their changes leave no audit entry that is checked.";

/**
 * Checks that every mutating route declares `@Audited` or `@NotAudited`.
 *
 * @throws PikaiaError `PIKAIA_AUDIT_DECLARATION_MISSING`. The message names each route that has neither decorator, in the form
 * `MembersController.invite (POST)`.
 */
export function checkAuditDeclarations(modules: ModulesContainer): void {
  const missing = findMissing(modules);
  if (missing.length === 0) return;
  throw new PikaiaError(
    'PIKAIA_AUDIT_DECLARATION_MISSING',
    `Routes that declare neither @Audited(action) nor @NotAudited('why'): ${missing.join(', ')}. To add the declarations route by route, start with AuditModule.forRoot({ undeclared: 'warn' }).`,
  );
}

/** Logs the routes that `checkAuditDeclarations` refuses, in one line. */
export function reportMissingDeclarations(modules: ModulesContainer): void {
  const missing = findMissing(modules);
  if (missing.length > 0) logger.warning('audit_declarations_missing', { routes: missing, hint: HINT });
}

const findMissing = (modules: ModulesContainer): string[] =>
  findAuditDeclarations(modules)
    .filter(({ actions, reason }) => actions.length === 0 && reason === undefined)
    .map(({ name, route }) => `${name} (${route!.method})`);
