import type { JWTPayload } from 'jose';
import { PROVIDER_ID } from './provider-id.js';
import { ImpersonationRefusedError, SessionRefusedError, type Session } from './session-verifier.js';
import { readVerifiedEmail } from './verified-email.js';

/** The claims of a Stytch B2B session JWT. */
export const SESSION_CLAIM = 'https://stytch.com/session';
export const ORGANIZATION_CLAIM = 'https://stytch.com/organization';

export interface SessionRules {
  /** The organization at the provider whose sessions are operator sessions. If undefined, no session is one. */
  readonly operatorOrganization: string | undefined;
  /** Tolerated difference to the clock of the provider. */
  readonly clockSkewSeconds: number;
}

/**
 * Reads the session from the claims of a token. A session is an operator session only if it names the operators' organization.
 *
 * @throws ImpersonationRefusedError if another person acts as the person of the session.
 * @throws SessionRefusedError if a claim is invalid, the organization is missing, or the session has ended or has not begun.
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
  refuseImpersonation(claims, session, subject);
  const skewMs = clockSkewSeconds * 1_000;
  const end = readMoment(session['expires_at'], 'end', Infinity);
  if (end <= nowMs - skewMs) throw new SessionRefusedError('the session has ended');
  if (readMoment(session['started_at'], 'start', -Infinity) > nowMs + skewMs) {
    throw new SessionRefusedError('the session has not begun');
  }
  const expiresAtMs = Math.min(end, (claims.exp ?? Infinity) * 1_000) + skewMs;
  if (organization === operatorOrganization) return { kind: 'operator', id, subject, expiresAtMs };
  const email = readVerifiedEmail(claims, session);
  return { kind: 'member', id, subject, organization, expiresAtMs, ...(email !== undefined && { email }) };
}

/**
 * Refuses a token with an `act` claim (RFC 8693 section 4.1), whatever its value, and a session of Stytch that an impersonation
 * has started: Stytch names the impersonator in an authentication factor.
 */
function refuseImpersonation(claims: JWTPayload, session: Record<string, unknown>, subject: string): void {
  const factors = [session['authentication_factors']].flat().map(propertiesOf);
  const factor = factors.find((one) => one['impersonated_factor'] !== undefined || one['type'] === 'impersonated');
  if (claims['act'] === undefined && factor === undefined) return;
  const ids = [propertiesOf(claims['act'])['sub'], propertiesOf(factor?.['impersonated_factor'])['impersonator_id']];
  throw new ImpersonationRefusedError(
    subject,
    ids.find((id): id is string => typeof id === 'string' && PROVIDER_ID.test(id)),
  );
}

const propertiesOf = (claim: unknown): Record<string, unknown> =>
  typeof claim === 'object' && claim !== null ? (claim as Record<string, unknown>) : {};

function readId(value: unknown, what: string): string {
  if (typeof value === 'string' && PROVIDER_ID.test(value)) return value;
  throw new SessionRefusedError(`the token has no valid ${what}`);
}

/** Returns Unix milliseconds, or `absent` if the claim is missing. Then only the times of the token itself apply. */
function readMoment(value: unknown, what: string, absent: number): number {
  if (value === undefined) return absent;
  const moment = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(moment)) throw new SessionRefusedError(`the session's ${what} is not a time`);
  return moment;
}
