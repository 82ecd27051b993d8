import type { JWTPayload } from 'jose';
import { SessionRefusedError, type Session } from './session-verifier.js';

/** Claims as Stytch's B2B session JWTs have them. */
export const SESSION_CLAIM = 'https://stytch.com/session';
export const ORGANIZATION_CLAIM = 'https://stytch.com/organization';

/** @throws SessionRefusedError for claims of another shape. */
export function readSessionClaims(claims: JWTPayload): Session {
  const session = claims[SESSION_CLAIM] as { id?: unknown } | undefined;
  const organization = claims[ORGANIZATION_CLAIM] as { organization_id?: unknown } | null | undefined;
  if (typeof claims.sub !== 'string' || typeof session?.id !== 'string') {
    throw new SessionRefusedError('the token has no subject or no session');
  }
  if (organization !== undefined && typeof organization?.organization_id !== 'string') {
    throw new SessionRefusedError('the organization claim has no id');
  }
  return {
    id: session.id,
    subject: claims.sub,
    ...(organization && { organization: organization.organization_id as string }),
  };
}
