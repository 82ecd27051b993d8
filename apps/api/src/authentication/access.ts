import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Identity } from './identity.js';
import type { MemberSession } from './session-verifier.js';

/**
 * Who may call a route: anyone, any member, an admin of an organization, an operator of the platform, or a viewer of the platform.
 * `session`: anyone with a valid session of an organization at the provider, also a person or an organization that is not known here.
 * `webhook` is for `@Webhook` alone: a provider, which proves itself by the signature of the request.
 *
 * A viewer may GET what an operator may GET. Name `viewer` only for a POST that reads.
 */
export type Access = 'public' | 'session' | 'webhook' | 'member' | 'admin' | 'operator' | 'viewer';

export const ACCESS = 'pikaia.access';

/** Declares who may call a route. A route without this decorator responds 403 to all callers. */
export const AllowedTo = (...access: readonly [Access, ...Access[]]) => SetMetadata(ACCESS, access);

/** Returns who may call a route with an HTTP method: the declared callers, and viewers if operators may read with it. */
export function callersOf(declared: readonly Access[], method: string): readonly Access[] {
  const isRead = /^(get|head)$/i.test(method);
  return isRead && declared.includes('operator') && !declared.includes('viewer') ? [...declared, 'viewer'] : declared;
}

export interface AuthenticatedRequest extends FastifyRequest {
  identity?: Identity;
  /** The session on a route for `session`. */
  session?: MemberSession;
}

/** Injects the identity that the guard has found. On a route for members and admins, it is a member. */
export const CurrentIdentity = createParamDecorator(
  (_: unknown, context: ExecutionContext): Identity | undefined =>
    context.switchToHttp().getRequest<AuthenticatedRequest>().identity,
);

/** Injects the session on a route for `session`. */
export const CurrentSession = createParamDecorator(
  (_: unknown, context: ExecutionContext): MemberSession | undefined =>
    context.switchToHttp().getRequest<AuthenticatedRequest>().session,
);
