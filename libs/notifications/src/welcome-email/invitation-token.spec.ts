import { jwtVerify, SignJWT } from 'jose';
import { signInvitation, verifyInvitation } from './invitation-token.js';

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

describe('verifyInvitation', () => {
  const now = (): Date => new Date(Math.floor(Date.now() / 1000) * 1000);
  const key = new TextEncoder().encode(SECRET);

  /** A token with a valid signature and one claim or header that is wrong. */
  const sign = ({ audience = 'invitation', issuer = 'pikaia', claims = {}, typ = 'JWT', subject = invitation.memberId } = {}) =>
    new SignJWT({ email: invitation.email, organization_id: invitation.organizationId, ...claims })
      .setProtectedHeader({ alg: 'HS256', typ })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime('7d')
      .sign(key);

  it('returns what signInvitation signed, with whole seconds', async () => {
    const invitedAt = now();
    const token = await signInvitation({ ...invitation, invitedAt: new Date(invitedAt.getTime() + 999) }, SECRET);
    expect(await verifyInvitation(token, SECRET)).toEqual({ ...invitation, invitedAt });
  });

  it('accepts a token until seven days after the invitation, and then says that it has expired', async () => {
    const week = 7 * 24 * 60 * 60 * 1000;
    const at = (age: number) => signInvitation({ ...invitation, invitedAt: new Date(Date.now() - age) }, SECRET);
    await expect(verifyInvitation(await at(week - 60_000), SECRET)).resolves.toMatchObject({ email: invitation.email });
    await expect(verifyInvitation(await at(week + 1_000), SECRET)).rejects.toMatchObject({ code: 'PIKAIA_INVITATION_EXPIRED' });
  });

  it.each<[string, () => Promise<string>]>([
    ['nothing', async () => ''],
    ['text that is not a JWT', async () => 'nonsense'],
    ['a token of another audience', () => sign({ audience: 'cursor' })],
    ['a token of another issuer', () => sign({ issuer: 'someone' })],
    ['a token of another type', () => sign({ typ: 'at+jwt' })],
    ['a token whose subject is no id', () => sign({ subject: 'bob' })],
    ['a token without an organization', () => sign({ claims: { organization_id: undefined } })],
    ['a token without an address', () => sign({ claims: { email: undefined } })],
    ['a token that was signed with another secret', () => signInvitation({ ...invitation, invitedAt: now() }, `${SECRET}!`)],
    [
      'a token without a signature',
      async () =>
        (await sign()).replace(/^[^.]+/, Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')).replace(/[^.]+$/, ''),
    ],
  ])('refuses %s', async (_, make) => {
    await expect(verifyInvitation(await make(), SECRET)).rejects.toMatchObject({ code: 'PIKAIA_INVITATION_INVALID' });
  });
});
