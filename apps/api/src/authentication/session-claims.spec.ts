import { ORGANIZATION_CLAIM, readSessionClaims, SESSION_CLAIM } from './session-claims.js';
import { SessionRefusedError } from './session-verifier.js';

const session = { id: 'session-1' };

describe('the claims of a session', () => {
  it('say who signed in, and where', () => {
    const claims = {
      sub: 'member-1',
      [SESSION_CLAIM]: session,
      [ORGANIZATION_CLAIM]: { organization_id: 'organization-1', slug: 'acme' },
    };
    expect(readSessionClaims(claims)).toEqual({ id: 'session-1', subject: 'member-1', organization: 'organization-1' });
  });

  it('name no organization for an operator', () => {
    expect(readSessionClaims({ sub: 'operator-1', [SESSION_CLAIM]: session })).toEqual({
      id: 'session-1',
      subject: 'operator-1',
    });
  });

  it.each([
    ['no subject', { [SESSION_CLAIM]: session }],
    ['no session', { sub: 'member-1' }],
    ['a session that is a text', { sub: 'member-1', [SESSION_CLAIM]: 'session-1' }],
    ['an organization without id', { sub: 'member-1', [SESSION_CLAIM]: session, [ORGANIZATION_CLAIM]: {} }],
    ['an organization that is null', { sub: 'member-1', [SESSION_CLAIM]: session, [ORGANIZATION_CLAIM]: null }],
  ])('are refused with %s', (_, claims) => {
    expect(() => readSessionClaims(claims)).toThrow(SessionRefusedError);
  });
});
