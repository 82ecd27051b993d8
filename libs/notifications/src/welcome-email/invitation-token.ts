import { SignJWT } from 'jose';

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
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(memberId)
    .setIssuedAt(invitedAt)
    .setExpirationTime(new Date(invitedAt.getTime() + LIFETIME_MS))
    .sign(new TextEncoder().encode(secret));
}
