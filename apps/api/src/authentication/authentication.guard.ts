import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { context } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import type { FastifyReply } from 'fastify';
import { Problem } from '../errors/problem.js';
import { RateLimits } from '../rate-limits/rate-limits.js';
import { ACCESS, type Access, type AuthenticatedRequest } from './access.js';
import { IdentityRepository } from './identity.repository.js';
import type { Identity } from './identity.js';
import { SESSION_VERIFIER, SessionRefusedError, SessionsUnavailableError, type SessionVerifier } from './session-verifier.js';

const logger = getLogger('authentication');

/**
 * Verifies the session, loads the identity, binds actor and organization to the context, and checks access to the route. Counts the
 * request for the rate limits of session and organization.
 */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @Inject(SESSION_VERIFIER) private readonly sessions: SessionVerifier,
    private readonly identities: IdentityRepository,
    private readonly limits: RateLimits,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const request = execution.switchToHttp().getRequest<AuthenticatedRequest>();
    const { request: info } = context.current!;
    if (info && request.routeOptions.url) context.bind({ request: Object.freeze({ ...info, route: request.routeOptions.url }) });
    const access =
      this.reflector.getAllAndOverride<readonly Access[] | undefined>(ACCESS, [execution.getHandler(), execution.getClass()]) ??
      [];
    if (access.includes('public')) return true;
    const reply = execution.switchToHttp().getResponse<FastifyReply>();
    const identity = await this.identify(request, reply);
    request.identity = identity;
    context.bind({
      actor: Object.freeze({
        type: identity.kind === 'operator' ? 'operator' : 'user',
        id: identity.userId,
        email: identity.email,
        ...(identity.name !== null && { name: identity.name }),
      }),
      ...(identity.kind === 'member' && { organizationId: identity.organizationId }),
    });
    if (identity.kind === 'member') await this.limits.countOrganization(identity.organizationId, reply);
    if (!access.some((who) => isAllowed(identity, who))) {
      logger.warning('access_denied', { 'access.required': access });
      throw Problem.forbidden(`This route requires the role ${access.join(' or ')}.`);
    }
    return true;
  }

  private async identify(request: AuthenticatedRequest, reply: FastifyReply): Promise<Identity> {
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (!token) throw Problem.unauthorized('Send the session token as "Authorization: Bearer <token>".');
    try {
      const session = await this.sessions.verify(token);
      await this.limits.countSession(session, reply);
      const identity = await this.identities.find(session);
      if (identity) return identity;
      logger.warning('session_without_membership', { 'session.id': session.id });
    } catch (error) {
      if (error instanceof SessionsUnavailableError) throw Problem.unavailable(error.retryAfterSeconds, error);
      if (!(error instanceof SessionRefusedError)) throw error;
      await this.limits.countRefusedToken();
      logger.info('session_refused', { 'session.reason': error.message });
      throw Problem.unauthorized('The session token is not valid or has expired. Sign in again.');
    }
    throw Problem.forbidden('This person is not an active member of the organization.');
  }
}

function isAllowed(identity: Identity, who: Access): boolean {
  if (identity.kind === 'operator') return who === 'operator';
  return who === 'member' || (who === 'admin' && identity.role === 'admin');
}
