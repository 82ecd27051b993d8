import type { Identity } from '../authentication/identity.js';
import { readScopeOf, requireOwnOrganization } from './scope.js';

const person = { userId: 'u', email: 'a@example.com', name: null };
const admin: Identity = { ...person, kind: 'member', memberId: 'm', role: 'admin', organizationId: 'acme' };
const operator: Identity = { ...person, kind: 'operator', role: 'operator' };

it('readScopeOf limits an admin to their own organization, and gives an operator all organizations', () => {
  expect(readScopeOf(admin)).toEqual({ organization: 'acme' });
  expect(readScopeOf(operator)).toEqual({ operator: true });
});

it('requireOwnOrganization refuses an admin who requests another organization, and nobody else', () => {
  for (const organization of [undefined, 'acme']) expect(() => requireOwnOrganization(admin, organization)).not.toThrow();
  for (const organization of [undefined, 'acme', 'globex'])
    expect(() => requireOwnOrganization(operator, organization)).not.toThrow();
  expect(() => requireOwnOrganization(admin, 'globex')).toThrow(expect.objectContaining({ status: 403 }));
});
