import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import type { AnyAuditAction } from '../action/audit-action.js';
import { AUDIT_DECLARATION, type AuditDeclaration } from './audited.decorator.js';

/** A mutating route, or a method with an audit declaration. */
export interface AuditedMethod {
  /** Class and method, such as `MembersController.invite`. */
  readonly name: string;
  /** Absent: the method is not a route, but for example a command. `paths` lacks the global prefix. */
  readonly route?: { readonly method: string; readonly paths: readonly string[] };
  /** The actions of `@Audited`. Empty with `@NotAudited`, and without a declaration. */
  readonly actions: readonly AnyAuditAction[];
  /** The reason of `@NotAudited`. */
  readonly reason?: string;
}

const READ_METHODS = new Set([RequestMethod.GET, RequestMethod.HEAD, RequestMethod.OPTIONS, RequestMethod.SEARCH]);

/**
 * Returns the mutating routes of an application, and all methods of its controllers and providers that declare what they record. It
 * reads only decorators, so the application can be created in the preview mode of Nest, which connects to nothing.
 */
export function findAuditDeclarations(modules: ModulesContainer): AuditedMethod[] {
  const classes = new Set<Function>();
  for (const { controllers, providers } of modules.values()) {
    for (const { metatype } of [...controllers.values(), ...providers.values()]) if (metatype) classes.add(metatype);
  }
  return [...classes].flatMap(auditDeclarationsOf);
}

/** Returns the mutating routes of a class, and its methods that declare what they record. */
export function auditDeclarationsOf(type: Function): AuditedMethod[] {
  const prototype = type.prototype as Record<string, object> | undefined;
  if (!prototype) return [];
  return new MetadataScanner().getAllMethodNames(prototype).flatMap((method) => {
    const handler = prototype[method]!;
    const declared = Reflect.getMetadata(AUDIT_DECLARATION, handler) as AuditDeclaration | undefined;
    const route = routeOf(type, handler);
    if (!declared && !route?.isMutating) return [];
    return {
      name: `${type.name}.${method}`,
      ...(route && { route: { method: route.method, paths: route.paths } }),
      ...(declared && 'reason' in declared ? { actions: [], reason: declared.reason } : { actions: declared?.actions ?? [] }),
    };
  });
}

function routeOf(type: Function, handler: object) {
  const path = Reflect.getMetadata(PATH_METADATA, handler) as string | string[] | undefined;
  if (path === undefined) return undefined;
  const verb = (Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined) ?? RequestMethod.GET;
  const prefixes = [(Reflect.getMetadata(PATH_METADATA, type) as string | string[] | undefined) ?? '/'].flat();
  const paths = prefixes.flatMap((prefix) => [path].flat().map((each) => joinPaths(prefix, each)));
  return { method: RequestMethod[verb], paths, isMutating: !READ_METHODS.has(verb) };
}

const joinPaths = (...parts: readonly string[]): string =>
  `/${parts
    .map((part) => part.replace(/^\/+|\/+$/g, ''))
    .filter(Boolean)
    .join('/')}`;
