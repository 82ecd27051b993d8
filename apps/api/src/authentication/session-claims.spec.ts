import { ORGANIZATION_CLAIM, readSessionClaims, SESSION_CLAIM } from './session-claims.js';
import { ImpersonationRefusedError, SessionRefusedError } from './session-verifier.js';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const OPERATORS = 'organization-operators';
const session = { id: 'session-1', started_at: '2026-03-01T11:00:00Z', expires_at: '2026-03-01T13:00:00.000Z' };
const organization = { organization_id: 'organization-1', slug: 'acme' };
const IMPERSONATED = {
  type: 'impersonated',
  delivery_method: 'impersonation',
  impersonated_factor: { impersonator_id: 'support-2', impersonator_email_address: 'support@example.com' },
};
const claims = { sub: 'member-1', [SESSION_CLAIM]: session, [ORGANIZATION_CLAIM]: organization };
const read = (changed: object, operatorOrganization: string | undefined = OPERATORS) =>
  readSessionClaims({ ...claims, ...changed }, { operatorOrganization, clockSkewSeconds: 30 }, NOW);

/** The error with its fields; `toThrow` compares only messages. */
function refusalOf(changed: object): unknown {
  try {
    return read(changed);
  } catch (error) {
    return error;
  }
}

describe('readSessionClaims', () => {
  it('returns the member and the organization', () => {
    expect(read({})).toEqual({
      kind: 'member',
      id: 'session-1',
      subject: 'member-1',
      organization: 'organization-1',
      expiresAtMs: Date.parse('2026-03-01T13:00:30Z'),
    });
  });

  it('expires with the token if it ends before the session', () => {
    const exp = Date.parse('2026-03-01T12:05:00Z') / 1_000;
    expect(read({ exp })).toMatchObject({ expiresAtMs: Date.parse('2026-03-01T12:05:30Z') });
  });

  it("returns an operator session only if the claims name the operators' organization", () => {
    const theirs = { [ORGANIZATION_CLAIM]: { organization_id: OPERATORS } };
    expect(read(theirs)).toMatchObject({ kind: 'operator', id: 'session-1', subject: 'member-1' });
    const without = readSessionClaims({ ...claims, ...theirs }, { operatorOrganization: undefined, clockSkewSeconds: 30 }, NOW);
    expect(without).toMatchObject({ kind: 'member', organization: OPERATORS });
  });

  it.each([OPERATORS, undefined])(
    "refuses claims without an organization if the operators' organization is %p",
    (operatorOrganization) => {
      const { [ORGANIZATION_CLAIM]: _, ...others } = claims;
      expect(() => readSessionClaims(others, { operatorOrganization, clockSkewSeconds: 30 }, NOW)).toThrow(SessionRefusedError);
    },
  );

  it.each([
    ['a session that is a string', { [SESSION_CLAIM]: 'session-1' }],
    ['a session that is a list', { [SESSION_CLAIM]: ['session-1'] }],
    ['no session', { [SESSION_CLAIM]: null }],
    ['an organization without id', { [ORGANIZATION_CLAIM]: {} }],
    ['an organization that is null', { [ORGANIZATION_CLAIM]: null }],
    ['an organization that is a string', { [ORGANIZATION_CLAIM]: 'organization-1' }],
    ['a session that has ended', { [SESSION_CLAIM]: { ...session, expires_at: '2026-03-01T11:59:29Z' } }],
    ['a session that has not begun', { [SESSION_CLAIM]: { ...session, started_at: '2026-03-01T12:00:31Z' } }],
    ['an end that is not a timestamp', { [SESSION_CLAIM]: { ...session, expires_at: 'never' } }],
    ['an end that is null', { [SESSION_CLAIM]: { ...session, expires_at: null } }],
    ['an end that is a number', { [SESSION_CLAIM]: { ...session, expires_at: 9e15 } }],
    ['a start that is not a timestamp', { [SESSION_CLAIM]: { ...session, started_at: '' } }],
  ])('refuses claims with %s', (_, changed) => {
    expect(() => read(changed)).toThrow(SessionRefusedError);
  });

  it.each<[string, object, string | undefined]>([
    ['an act claim with its actor', { act: { sub: 'support-1', iss: 'stytch.com/p' } }, 'support-1'],
    ['an act claim without an actor', { act: {} }, undefined],
    ['an act claim whose actor is no id', { act: { sub: 'a b' } }, undefined],
    ['an act claim that is null', { act: null }, undefined],
    ['an act claim that is false', { act: false }, undefined],
    ['an act claim that is text', { act: '' }, undefined],
    [
      'the factor of an impersonation at Stytch',
      { [SESSION_CLAIM]: { ...session, authentication_factors: [{ type: 'sso' }, IMPERSONATED] } },
      'support-2',
    ],
    [
      'only the type of such a factor',
      { [SESSION_CLAIM]: { ...session, authentication_factors: [{ type: 'impersonated' }] } },
      undefined,
    ],
    ['such a factor outside of a list', { [SESSION_CLAIM]: { ...session, authentication_factors: IMPERSONATED } }, 'support-2'],
  ])('refuses claims with %s', (_, changed, impersonator) => {
    expect(refusalOf(changed)).toMatchObject({ name: 'SessionRefusedError', subject: 'member-1', impersonator });
    expect(() => read({ ...changed, [ORGANIZATION_CLAIM]: { organization_id: OPERATORS } })).toThrow(ImpersonationRefusedError);
  });

  it('accepts a session whose factors are not those of an impersonation', () => {
    for (const authentication_factors of [undefined, null, [], [null, 'impersonated', 1], [{ type: 'magic_link' }]])
      expect(read({ [SESSION_CLAIM]: { ...session, authentication_factors } })).toHaveProperty('kind', 'member');
  });

  it('accepts times within the clock tolerance, and a session without times', () => {
    const moment = (value: string) => ({ [SESSION_CLAIM]: { id: 'session-1', expires_at: value, started_at: value } });
    expect(read(moment('2026-03-01T11:59:31Z'))).toHaveProperty('kind', 'member');
    expect(read(moment('2026-03-01T12:00:30Z'))).toHaveProperty('kind', 'member');
    expect(read({ [SESSION_CLAIM]: { id: 'session-1' } })).toHaveProperty('kind', 'member');
  });

  const invalid: [string, unknown][] = [
    ['absent', undefined],
    ['null', null],
    ['empty', ''],
    ['a space', ' '],
    ['padded', ' id'],
    ['a string with U+0000', 'id\u0000'],
    ['a string with a line feed', 'id\n'],
    ['half of a surrogate pair', 'id\ud800'],
    ['huge', 'x'.repeat(256)],
    ['not ASCII', 'größe-1'],
    ['an emoji', 'smile-\u{1f600}'],
    ['a list', ['id']],
    ['an object', { id: 'id' }],
    ['a number', 1],
  ];
  it.each(invalid)('refuses claims whose id is %s', (_, value) => {
    for (const changed of [
      { sub: value as string },
      { [SESSION_CLAIM]: { ...session, id: value } },
      { [ORGANIZATION_CLAIM]: { organization_id: value } },
    ]) {
      expect(() => read(changed)).toThrow(SessionRefusedError);
    }
  });

  it.each(['x'.repeat(255), 'auth0|abc', 'urn:id:1'])('accepts the id %s', (sub) => {
    expect(read({ sub })).toHaveProperty('subject', sub);
  });
});
