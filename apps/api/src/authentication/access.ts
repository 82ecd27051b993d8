import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Identity, MemberIdentity } from './identity.js';

/** Who may call a route: anybody, any member, an organization's admin, or an operator of the platform. */
export type Access = 'public' | 'member' | 'admin' | 'operator';

export const ACCESS = 'pikaia.access';

/** Every route names who may call it; a route that names nobody is refused to everybody. */
export const AllowedTo = (...access: readonly [Access, ...Access[]]) => SetMetadata(ACCESS, access);

export interface AuthenticatedRequest extends FastifyRequest {
  identity?: Identity;
}

/** The identity that the guard found. On a route for members and admins it is a member. */
export const CurrentIdentity = createParamDecorator(
  (_: unknown, context: ExecutionContext): Identity | undefined =>
    context.switchToHttp().getRequest<AuthenticatedRequest>().identity,
);

export const isMember = (identity: Identity): identity is MemberIdentity => identity.kind === 'member';
