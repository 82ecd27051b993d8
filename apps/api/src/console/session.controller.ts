import { Controller, Delete, Get, HttpCode, HttpStatus, Inject, Optional, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { NotAudited } from '@pikaia/audit';
import { getLogger } from '@pikaia/logging';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AllowedTo } from '../authentication/access.js';
import { bearerTokenOf, requireConsoleHeader, SessionCookie } from '../authentication/session-cookie.js';
import {
  SESSION_VERIFIER,
  SessionRefusedError,
  SessionsUnavailableError,
  type Session,
  type SessionVerifier,
} from '../authentication/session-verifier.js';
import { Problem } from '../errors/problem.js';
import { DemoPeople, isFromThisComputer } from './demo-people.js';

const logger = getLogger('console');

/** Signs a browser in to the console and out of it. The session itself is that of the session provider. */
@ApiExcludeController()
@Controller('console/session')
export class ConsoleSessionController {
  constructor(
    private readonly cookie: SessionCookie,
    @Inject(SESSION_VERIFIER) private readonly sessions: SessionVerifier,
    @Optional() private readonly people?: DemoPeople,
  ) {}

  /** Whether the cookie has a valid session, and whether the demo people are offered. Never 401, which a browser reports as an error. */
  @Get()
  @AllowedTo('public')
  async show(@Req() request: FastifyRequest): Promise<{ signed_in: boolean; demo_people: boolean }> {
    const token = this.cookie.read(request);
    return {
      signed_in: token !== undefined && (await this.sessionOf(token)) !== undefined,
      demo_people: this.people !== undefined && isFromThisComputer(request),
    };
  }

  /** Exchanges the token of `Authorization` for a cookie that expires with it. */
  @Post()
  @AllowedTo('member', 'operator', 'viewer')
  @NotAudited('a session is not a change of data')
  @HttpCode(HttpStatus.NO_CONTENT)
  async signIn(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    const token = bearerTokenOf(request);
    if (token === undefined) throw Problem.unauthorized('Send the session token as "Authorization: Bearer <token>".');
    const session = await this.sessionOf(token);
    if (session === undefined) throw Problem.unauthorized('The session token has just expired. Sign in again.');
    void reply.header('set-cookie', this.cookie.keep(token, session));
    logger.info('console_session_started');
  }

  @Delete()
  @NotAudited('a session is not a change of data')
  @AllowedTo('public') // an expired session can be removed too
  @HttpCode(HttpStatus.NO_CONTENT)
  signOut(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): void {
    requireConsoleHeader(request);
    void reply.header('set-cookie', this.cookie.remove());
  }

  /** Undefined if the session is not valid. */
  private async sessionOf(token: string): Promise<Session | undefined> {
    try {
      return await this.sessions.verify(token);
    } catch (error) {
      if (error instanceof SessionRefusedError) return undefined;
      throw error instanceof SessionsUnavailableError ? Problem.unavailable(error.retryAfterSeconds, error) : error;
    }
  }
}
