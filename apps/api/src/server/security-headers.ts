import type { FastifyInstance, FastifyRequest } from 'fastify';
import helmet from 'helmet';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { addRouteConfig } from './route-config.js';

export type ResponseHeaders = Readonly<Record<string, string>>;

/** The directives of a `Content-Security-Policy` header, such as `{ 'default-src': ["'self'"] }`. */
export type ContentPolicyDirectives = Readonly<Record<string, readonly string[]>>;

/** A response of the API is data: a browser must not display, embed or interpret it. */
const API_CONTENT_POLICY: ContentPolicyDirectives = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] };

/**
 * Sets the content security policy of a route that serves a page. A route without Nest sets `contentPolicy` in its Fastify config. Other
 * routes have `default-src 'none'; frame-ancestors 'none'`.
 */
export const ContentPolicy = (contentPolicy: ContentPolicyDirectives): MethodDecorator => addRouteConfig({ contentPolicy });

/** The security headers of all responses. The headers of a policy are constant, so helmet computes them once. */
export class SecurityHeaders {
  /** Those of the API, for responses without a route. */
  readonly default: ResponseHeaders;
  private readonly ofPolicies = new WeakMap<ContentPolicyDirectives, ResponseHeaders>();

  /** @param hstsMaxAgeSeconds 0 for no `Strict-Transport-Security` header. */
  constructor(private readonly hstsMaxAgeSeconds: number) {
    this.default = this.compute(API_CONTENT_POLICY);
  }

  /** Sets the headers before any other hook, so errors have them too. A route may replace `Cache-Control`. */
  install(instance: FastifyInstance): void {
    instance.addHook('onRequest', (request, reply, done) => {
      void reply.headers(this.of(request));
      done();
    });
  }

  private of({ routeOptions }: FastifyRequest): ResponseHeaders {
    const { contentPolicy } = routeOptions.config as { readonly contentPolicy?: ContentPolicyDirectives };
    if (!contentPolicy) return this.default;
    let headers = this.ofPolicies.get(contentPolicy);
    if (!headers) this.ofPolicies.set(contentPolicy, (headers = this.compute(contentPolicy)));
    return headers;
  }

  private compute(directives: ContentPolicyDirectives): ResponseHeaders {
    const headers: Record<string, string> = { 'cache-control': 'no-store' }; // a response can contain data of a tenant
    const response = {
      setHeader: (name: string, value: string) => (headers[name.toLowerCase()] = value),
      removeHeader: () => undefined, // X-Powered-By, which Fastify does not set
    };
    const setHeaders = helmet({
      contentSecurityPolicy: { useDefaults: false, directives },
      hsts: this.hstsMaxAgeSeconds > 0 && { maxAge: this.hstsMaxAgeSeconds },
      frameguard: { action: 'deny' },
      // The others concern pages that the API does not have, and old browsers.
      crossOriginOpenerPolicy: false,
      originAgentCluster: false,
      dnsPrefetchControl: false,
      ieNoOpen: false,
      permittedCrossDomainPolicies: false,
      xssFilter: false,
    });
    setHeaders({} as IncomingMessage, response as unknown as ServerResponse, (error) => {
      if (error) throw error as Error;
    });
    return Object.freeze(headers);
  }
}
