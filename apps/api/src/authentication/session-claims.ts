import type { JWTPayload } from 'jose';
import { PROVIDER_ID } from './provider-id.js';
import { SessionRefusedError, type Session } from './session-verifier.js';

/** Claims as Stytch's B2B session JWTs have them. */
export const SESSION_CLAIM = 'https://stytch.com/session';
export const ORGANIZATION_CLAIM = 'https://stytch.com/organization';

export interface SessionRules {
  /** The organization at the provider whose sessions are operators'. Without it nobody is an operator. */
  readonly operatorOrganization: string | undefined;
  /** Difference between the provider's clock and ours that is tolerated. */
  readonly clockSkewSeconds: number;
}

/**
 * Reads who signed in, and as what. A session is an operator's only if it names the operators' organization.
 *
 * @throws SessionRefusedError for claims of another shape, without an organization, or of a session that is over or has not begun.
 */
export function readSessionClaims(
  claims: JWTPayload,
  { operatorOrganization, clockSkewSeconds }: SessionRules,
  nowMs = Date.now(),
): Session {
  const session = propertiesOf(claims[SESSION_CLAIM]);
  const id = readId(session['id'], 'session id');
  const subject = readId(claims.sub, 'subject');
  const organization = readId(propertiesOf(claims[ORGANIZATION_CLAIM])['organization_id'], 'organization id');
  const skewMs = clockSkewSeconds * 1_000;
  if (readMoment(session['expires_at'], 'end', Infinity) <= nowMs - skewMs) throw new SessionRefusedError('the session is over');
  if (readMoment(session['started_at'], 'start', -Infinity) > nowMs + skewMs) {
    throw new SessionRefusedError('the session has not begun');
  }
  return organization === operatorOrganization
    ? { kind: 'operator', id, subject }
    : { kind: 'member', id, subject, organization };
}

const propertiesOf = (claim: unknown): Record<string, unknown> =>
  typeof claim === 'object' && claim !== null ? (claim as Record<string, unknown>) : {};

function readId(value: unknown, what: string): string {
  if (typeof value === 'string' && PROVIDER_ID.test(value)) return value;
  throw new SessionRefusedError(`the token has no valid ${what}`);
}

/** Milliseconds since 1970; `absent` where the claim is missing, which leaves the token's own times. */
function readMoment(value: unknown, what: string, absent: number): number {
  if (value === undefined) return absent;
  const moment = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(moment)) throw new SessionRefusedError(`the session's ${what} is not a time`);
  return moment;
}
