import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { context } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import type { FastifyReply } from 'fastify';
import { Problem } from '../errors/problem.js';
import { RateLimits } from '../rate-limits/rate-limits.js';
import { ACCESS, callersOf, type Access, type AuthenticatedRequest } from './access.js';
import { bindIdentity } from './bind-identity.js';
import { IdentityRepository } from './identity.repository.js';
import type { Identity } from './identity.js';
import { SessionCookie, sessionTokenOf } from './session-cookie.js';
import {
  ImpersonationRefusedError,
  SESSION_VERIFIER,
  SessionRefusedError,
  SessionsUnavailableError,
  type Session,
  type SessionVerifier,
} from './session-verifier.js';

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
    private readonly cookie: SessionCookie,
    private readonly identities: IdentityRepository,
    private readonly limits: RateLimits,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const request = execution.switchToHttp().getRequest<AuthenticatedRequest>();
    const { request: info } = context.current!;
    if (info && request.routeOptions.url) context.bind({ request: Object.freeze({ ...info, route: request.routeOptions.url }) });
    const declared = this.reflector.getAllAndOverride<readonly Access[] | undefined>(ACCESS, [
      execution.getHandler(),
      execution.getClass(),
    ]);
    const access = callersOf(declared ?? [], request.method);
    if (access.includes('public') || access.includes('webhook')) return true;
    const reply = execution.switchToHttp().getResponse<FastifyReply>();
    const session = await this.verify(sessionTokenOf(request, this.cookie));
    await this.limits.countSession(session, reply);
    if (access.includes('session')) {
      if (session.kind === 'operator') throw Problem.forbidden('A session of an operator belongs to no organization.');
      request.session = session;
      return true;
    }
    const identity = await this.identify(session);
    request.identity = identity;
    bindIdentity(identity);
    if (identity.kind === 'member') await this.limits.countOrganization(identity.organizationId, reply);
    if (!access.some((who) => isAllowed(identity, who))) {
      logger.warning('access_denied', { 'access.required': access });
      throw Problem.forbidden(`This route requires the role ${access.join(' or ')}.`);
    }
    return true;
  }

  private async verify(token: string): Promise<Session> {
    try {
      return await this.sessions.verify(token);
    } catch (error) {
      if (error instanceof SessionsUnavailableError) throw Problem.unavailable(error.retryAfterSeconds, error);
      if (!(error instanceof SessionRefusedError)) throw error;
      if (error instanceof ImpersonationRefusedError) {
        logger.warning('session_impersonation_refused', {
          'session.subject': error.subject,
          'session.impersonator': error.impersonator,
        });
        throw Problem.forbidden('This API does not accept sessions in which one person acts as another.');
      }
      await this.limits.countRefusedToken();
      logger.info('session_refused', { 'session.reason': error.message });
      throw Problem.unauthorized('The session token is not valid or has expired. Sign in again.');
    }
  }

  private async identify(session: Session): Promise<Identity> {
    const identity = await this.identities.find(session);
    if (identity) return identity;
    logger.warning('session_without_membership', { 'session.subject': session.subject });
    throw Problem.forbidden('This person is not an active member of the organization.');
  }
}

function isAllowed(identity: Identity, who: Access): boolean {
  if (identity.kind === 'operator') return who === identity.role;
  return who === 'member' || (who === 'admin' && identity.role === 'admin');
}
