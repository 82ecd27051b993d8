import { jwtVerify } from 'jose';
import { signInvitation } from './invitation-token.js';

const SECRET = 'a secret of the tests, long enough for it';
const invitation = {
  memberId: '0198a0a0-0000-7000-8000-000000000001',
  organizationId: '0198a0a0-0000-7000-8000-000000000002',
  email: 'bob@example.com',
  invitedAt: new Date('2026-01-01T08:30:00.000Z'),
};
const verify = async (at: string, secret = SECRET) =>
  jwtVerify(await signInvitation(invitation, SECRET), new TextEncoder().encode(secret), {
    issuer: 'pikaia',
    audience: 'invitation',
    algorithms: ['HS256'],
    currentDate: new Date(at),
  });

describe('signInvitation', () => {
  it('includes member, organization, email address and the time of the invitation', async () => {
    expect((await verify('2026-01-01T08:31:00Z')).payload).toMatchObject({
      sub: invitation.memberId,
      organization_id: invitation.organizationId,
      email: 'bob@example.com',
      iat: invitation.invitedAt.getTime() / 1000,
    });
  });

  it('returns the same token each time for the same invitation', async () => {
    expect(await signInvitation(invitation, SECRET)).toBe(await signInvitation(invitation, SECRET));
  });

  it('returns a token that is valid for seven days', async () => {
    await expect(verify('2026-01-08T08:29:59Z')).resolves.toBeDefined();
    await expect(verify('2026-01-08T08:30:01Z')).rejects.toMatchObject({ code: 'ERR_JWT_EXPIRED' });
  });

  it('returns a token that a verifier with another secret refuses', async () => {
    await expect(verify('2026-01-01T08:31:00Z', `${SECRET}!`)).rejects.toMatchObject({
      code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    });
  });
});
