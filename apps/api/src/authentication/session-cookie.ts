import { Injectable } from '@nestjs/common';
import { isProduction } from '@pikaia/core';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { FastifyRequest } from 'fastify';
import { ConsoleSettings } from '../console/console.settings.js';
import { Problem } from '../errors/problem.js';
import type { Session } from './session-verifier.js';

const MAX_TOKEN_CHARACTERS = 4_000; // browsers drop a cookie above 4,096 bytes with its name

/**
 * The cookie in which a browser keeps the session of the console. Its value is the session token, so both expire together. Scripts
 * cannot read it, and the browser sends it only with requests from pages of the same site.
 */
@Injectable()
export class SessionCookie {
  /** With the prefix `__Host-`, a browser accepts the cookie only from this host, over TLS. Development has no TLS. */
  private readonly name = isProduction() ? '__Host-pikaia-session' : 'pikaia-session';

  constructor(private readonly settings: ConsoleSettings) {}

  /** Returns the session token of a request, or undefined if it has none or the console is off. */
  read({ headers }: FastifyRequest): string | undefined {
    if (!this.settings.isOn || headers.cookie === undefined) return undefined;
    return parseCookie(headers.cookie)[this.name] || undefined;
  }

  /**
   * The header `Set-Cookie` that keeps a session token until it expires. A token that has just expired gets a cookie that the browser
   * removes at once.
   *
   * @throws Problem 400 if a browser would drop the cookie because of its size.
   */
  keep(token: string, { expiresAtMs }: Session): string {
    if (token.length > MAX_TOKEN_CHARACTERS) throw Problem.badRequest('The session token is too long for a cookie.');
    return this.header(token, Math.max(0, Math.floor((expiresAtMs - Date.now()) / 1_000)));
  }

  /** The header `Set-Cookie` that removes the cookie. */
  remove(): string {
    return this.header('', 0);
  }

  private header(value: string, maxAge: number): string {
    return stringifySetCookie({
      name: this.name,
      value,
      maxAge,
      path: '/',
      httpOnly: true,
      sameSite: 'strict',
      secure: isProduction(),
    });
  }
}

/** The session token of the header `Authorization`, or undefined. */
export const bearerTokenOf = ({ headers }: FastifyRequest): string | undefined =>
  /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];

/**
 * Refuses a request without the header `X-Console: 1`. A page of another origin cannot send this header: the browser would ask for it
 * in a preflight, and CORS never allows it.
 *
 * @throws Problem 403
 */
export function requireConsoleHeader({ headers }: FastifyRequest): void {
  if (headers['x-console'] !== '1')
    throw Problem.forbidden('A request of the console that changes something needs the header X-Console: 1.');
}

/**
 * Returns the session token of a request. A request with `Authorization` uses that header alone. Otherwise the cookie of the console is
 * used, and a request that can change something needs the header `X-Console: 1`.
 *
 * @throws Problem 401 if the request has no token, 403 if it lacks `X-Console`.
 */
export function sessionTokenOf(request: FastifyRequest, cookie: SessionCookie): string {
  const isBearer = request.headers.authorization !== undefined;
  const token = isBearer ? bearerTokenOf(request) : cookie.read(request);
  if (!token) throw Problem.unauthorized('Send the session token as "Authorization: Bearer <token>".');
  if (!isBearer && request.method !== 'GET' && request.method !== 'HEAD') requireConsoleHeader(request);
  return token;
}
