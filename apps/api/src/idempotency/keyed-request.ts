import type { FastifyRequest } from 'fastify';
import { hash } from 'node:crypto';
import type { AuthenticatedRequest } from '../authentication/access.js';
import { IDEMPOTENCY_HEADER, parseIdempotencyKey } from './idempotency-key.js';

/** A request with an idempotency key. Both fields are hashes, so that neither key nor body is stored. */
export interface KeyedRequest {
  /** Identifies the key of this caller at this endpoint. */
  readonly id: string;
  /** Equal for requests with the same query, body and precondition. */
  readonly fingerprint: string;
}

const MUTATING_METHODS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const bodyHashes = new WeakMap<object, string>();

/** Remembers the hash of a body if its request has a key. Without a key it does nothing. */
export function hashBody(request: FastifyRequest, body: Buffer): void {
  if (request.headers[IDEMPOTENCY_HEADER] !== undefined) bodyHashes.set(request, sha256(body));
}

/**
 * Returns undefined if the request has no key, changes nothing or has no session.
 *
 * @throws Problem 400 if the key is malformed.
 */
export function keyedRequestOf(request: AuthenticatedRequest): KeyedRequest | undefined {
  const { headers, method, originalUrl } = request;
  const header = headers[IDEMPOTENCY_HEADER];
  const caller = callerOf(request);
  if (header === undefined || !caller || !MUTATING_METHODS.has(method)) return undefined;
  const key = parseIdempotencyKey(String(header));
  const [path, ...query] = originalUrl.split('?');
  const conditions = [headers['if-match'], headers['if-none-match']];
  return {
    id: sha256(JSON.stringify([...caller, method, path!.split('/').map(decodeURIComponent), key])),
    fingerprint: sha256(JSON.stringify([query.join('?'), conditions, bodyHashes.get(request)])),
  };
}

/** Who sends the request: a member, an operator, or a session of a person who is not known yet. */
function callerOf({ identity, session }: AuthenticatedRequest): string[] | undefined {
  if (identity) return [identity.kind, identity.kind === 'member' ? identity.memberId : identity.userId];
  return session && ['session', session.organization, session.subject];
}

const sha256 = (data: string | Buffer): string => hash('sha256', data, 'base64url');
