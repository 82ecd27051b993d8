import cors, { type FastifyCorsOptions } from '@fastify/cors';
import { CORRELATION_HEADER } from '@pikaia/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ResponseHeaders } from './security-headers.js';

const PREFLIGHT_MAX_AGE_S = 2 * 60 * 60; // the maximum of Chrome
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const REQUEST_HEADERS = [
  'Authorization',
  'Content-Type',
  CORRELATION_HEADER,
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'Prefer',
].join(', ');
const RESPONSE_HEADERS = [
  CORRELATION_HEADER,
  'X-Change-Token',
  'Preference-Applied',
  'ETag',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'Idempotent-Replayed',
  'Location',
  'WWW-Authenticate',
].join(', ');

/**
 * Lets pages of the given origins call the API and read its headers. A preflight is answered before authentication and rate limits.
 * Credentials are never allowed: a page of another origin sends its token in `Authorization`. The cookie of the console is for its own
 * origin alone, and so is its header `X-Console`, which a preflight therefore refuses.
 */
export function allowOrigins(instance: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  const options: FastifyCorsOptions = {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: METHODS,
    allowedHeaders: REQUEST_HEADERS,
    exposedHeaders: RESPONSE_HEADERS,
    maxAge: PREFLIGHT_MAX_AGE_S,
  };
  void instance.register(cors, {
    delegator: (request: FastifyRequest, callback: (error: null, options: FastifyCorsOptions) => void) =>
      callback(null, { ...options, preflight: isPreflight(request) }), // the routes answer other OPTIONS requests
  });
}

const isPreflight = ({ headers }: FastifyRequest): boolean =>
  headers.origin !== undefined && headers['access-control-request-method'] !== undefined;

/** The CORS headers of an error for which Fastify runs no hooks. */
export function corsHeadersOf({ headers: { origin } }: FastifyRequest, origins: readonly string[]): ResponseHeaders {
  if (origins.length === 0) return {};
  const allowed = origins.includes('*') ? '*' : origins.find((one) => one === origin);
  return {
    vary: 'Origin',
    ...(allowed !== undefined && { 'access-control-allow-origin': allowed }),
    'access-control-expose-headers': RESPONSE_HEADERS,
  };
}
