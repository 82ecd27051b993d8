import type { Identity } from '../authentication/identity.js';
import { auditScopeOf, scopeOf } from './scope.js';

const person = { userId: 'u', email: 'a@example.com', name: null };
const admin: Identity = { ...person, kind: 'member', memberId: 'm', role: 'admin', organizationId: 'acme' };
const operator: Identity = { ...person, kind: 'operator' };

describe('scopeOf', () => {
  it('limits an admin to their own organization, unmasked', () => {
    expect(scopeOf(admin)).toEqual({ organizationId: 'acme', masked: false });
    expect(scopeOf(admin, 'acme')).toEqual({ organizationId: 'acme', masked: false });
    expect(() => scopeOf(admin, 'globex')).toThrow(expect.objectContaining({ status: 403 }));
    expect(auditScopeOf(admin)).toEqual({ organization: 'acme' });
  });

  it('gives an operator all organizations or the requested one, masked', () => {
    expect(scopeOf(operator)).toEqual({ masked: true });
    expect(scopeOf(operator, 'globex')).toEqual({ organizationId: 'globex', masked: true });
    expect(auditScopeOf(operator)).toEqual({ operator: true });
  });
});
