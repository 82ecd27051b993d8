import { Body, Controller, Get, HttpCode, HttpStatus, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { NotAudited } from '@pikaia/audit';
import { IsText, OptionalField, PikaiaError } from '@pikaia/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AllowedTo } from '../authentication/access.js';
import { requireConsoleHeader, SessionCookie } from '../authentication/session-cookie.js';
import { SESSION_VERIFIER, type SessionVerifier } from '../authentication/session-verifier.js';
import { Problem } from '../errors/problem.js';
import { DemoPeople, isFromThisComputer, type DemoPerson } from './demo-people.js';

class DemoSignInRequest {
  @IsText({ min: 1, max: 320 })
  email!: string;

  /** The slug of the organization, for a person with several. */
  @OptionalField()
  @IsText({ min: 1, max: 200 })
  organization?: string;
}

/** Signs in as a person of the development database with one click. ConsoleModule has this controller only in development. */
@ApiExcludeController()
@Controller('console/demo-people')
@AllowedTo('public')
export class DemoPeopleController {
  constructor(
    private readonly people: DemoPeople,
    private readonly cookie: SessionCookie,
    @Inject(SESSION_VERIFIER) private readonly sessions: SessionVerifier,
  ) {}

  @Get()
  async list(@Req() request: FastifyRequest): Promise<{ data: readonly DemoPerson[] }> {
    requireThisComputer(request);
    return { data: await this.people.list() };
  }

  @Post('sign-in')
  @NotAudited('a session is not a change of data')
  @HttpCode(HttpStatus.NO_CONTENT)
  async signIn(
    @Req() request: FastifyRequest,
    @Body() { email, organization }: DemoSignInRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    requireThisComputer(request);
    requireConsoleHeader(request);
    const token = await this.people.issueToken(email, organization).catch(unknownPerson);
    void reply.header('set-cookie', this.cookie.keep(token, await this.sessions.verify(token)));
  }
}

function requireThisComputer(request: FastifyRequest): void {
  if (!isFromThisComputer(request))
    throw Problem.forbidden('The demo people are only for a browser on this computer, at http://localhost or http://127.0.0.1.');
}

function unknownPerson(error: unknown): never {
  if (error instanceof PikaiaError && error.code === 'PIKAIA_DEVELOPMENT_TOKEN_UNKNOWN_EMAIL')
    throw Problem.notFound('This person is not in the database.');
  throw error;
}
