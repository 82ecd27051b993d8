import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Identity } from './identity.js';

/**
 * Who may call a route: anyone, any member, an admin of an organization, or an operator of the platform. `webhook` is for `@Webhook`
 * alone: a provider, which proves itself by the signature of the request.
 */
export type Access = 'public' | 'webhook' | 'member' | 'admin' | 'operator';

export const ACCESS = 'pikaia.access';

/** Declares who may call a route. A route without this decorator responds 403 to all callers. */
export const AllowedTo = (...access: readonly [Access, ...Access[]]) => SetMetadata(ACCESS, access);

export interface AuthenticatedRequest extends FastifyRequest {
  identity?: Identity;
}

/** Injects the identity that the guard has found. On a route for members and admins, it is a member. */
export const CurrentIdentity = createParamDecorator(
  (_: unknown, context: ExecutionContext): Identity | undefined =>
    context.switchToHttp().getRequest<AuthenticatedRequest>().identity,
);
