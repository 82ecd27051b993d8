import { parseId, PikaiaError } from '@pikaia/core';
import { errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';

const ALGORITHM = 'HS256';
const ISSUER = 'pikaia';
const AUDIENCE = 'invitation';
const LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;

export interface Invitation {
  readonly memberId: string;
  readonly organizationId: string;
  readonly email: string;
  /** When the invitation was sent. A later invitation replaces this one, so the verifier must refuse the older token. */
  readonly invitedAt: Date;
}

/** Signs the token of an invitation link. A verifier with the same secret accepts it for seven days. */
export function signInvitation({ memberId, organizationId, email, invitedAt }: Invitation, secret: string): Promise<string> {
  return new SignJWT({ email, organization_id: organizationId })
    .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(memberId)
    .setIssuedAt(invitedAt)
    .setExpirationTime(new Date(invitedAt.getTime() + LIFETIME_MS))
    .sign(keyOf(secret));
}

/**
 * Verifies the token of an invitation link. The caller checks that the invitation is still the current one: a token does not know
 * whether it was used, replaced or revoked. `invitedAt` has whole seconds.
 *
 * @throws PikaiaError `PIKAIA_INVITATION_EXPIRED` if the token is genuine but older than seven days.
 * @throws PikaiaError `PIKAIA_INVITATION_INVALID` if it is no token of an invitation, or was signed with another secret.
 */
export async function verifyInvitation(token: string, secret: string): Promise<Invitation> {
  try {
    const { payload } = await jwtVerify(token, keyOf(secret), {
      algorithms: [ALGORITHM],
      typ: 'JWT',
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: ['sub', 'iat', 'exp'],
    });
    return invitationOf(payload);
  } catch (cause) {
    if (cause instanceof errors.JWTExpired)
      throw new PikaiaError('PIKAIA_INVITATION_EXPIRED', 'The invitation has expired.', { cause });
    throw new PikaiaError('PIKAIA_INVITATION_INVALID', 'The token is not that of an invitation.', { cause });
  }
}

function invitationOf({ sub = '', organization_id: organization, email, iat = 0 }: JWTPayload): Invitation {
  const [memberId, organizationId] = [parseId(sub), typeof organization === 'string' ? parseId(organization) : undefined];
  if (memberId === undefined || organizationId === undefined || typeof email !== 'string') throw new Error('A claim is missing.');
  return { memberId, organizationId, email, invitedAt: new Date(iat * 1000) };
}

const keyOf = (secret: string): Uint8Array => new TextEncoder().encode(secret);
