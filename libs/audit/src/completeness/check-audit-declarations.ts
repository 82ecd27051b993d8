import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { PikaiaError } from '@pikaia/core';
import { AUDIT_DECLARATION } from './audited.decorator.js';

const READ_METHODS = new Set([RequestMethod.GET, RequestMethod.HEAD, RequestMethod.OPTIONS, RequestMethod.SEARCH]);

/**
 * Checks that every mutating route declares `@Audited` or `@NotAudited`.
 *
 * @throws PikaiaError `PIKAIA_AUDIT_DECLARATION_MISSING`. The message names each route that has neither decorator, in the form
 * `MembersController.invite (POST)`.
 */
export function checkAuditDeclarations(modules: ModulesContainer): void {
  const scanner = new MetadataScanner();
  const missing = new Set<string>();
  for (const { controllers } of modules.values()) {
    for (const { metatype } of controllers.values()) {
      const prototype = metatype?.prototype as Record<string, object> | undefined;
      if (!prototype) continue;
      for (const name of scanner.getAllMethodNames(prototype)) {
        const handler = prototype[name]!;
        if (!Reflect.hasMetadata(PATH_METADATA, handler)) continue;
        const method = (Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined) ?? RequestMethod.GET;
        if (READ_METHODS.has(method) || Reflect.hasMetadata(AUDIT_DECLARATION, handler)) continue;
        missing.add(`${metatype!.name}.${name} (${RequestMethod[method]})`);
      }
    }
  }
  if (missing.size === 0) return;
  throw new PikaiaError(
    'PIKAIA_AUDIT_DECLARATION_MISSING',
    `Routes that declare neither @Audited(action) nor @NotAudited('why'): ${[...missing].join(', ')}.`,
  );
}
