import { readFirstOrganization } from './first-organization.arguments.js';

const ORGANIZATION = ['--name', 'Acme', '--slug', 'acme', '--provider-id', 'organization-live-1'];
const ADMIN = ['--admin-email', 'alice@acme.example', '--admin-provider-id', 'member-live-1'];

describe('readFirstOrganization', () => {
  it('accepts an organization with its admin and an optional operator', () => {
    expect(readFirstOrganization([...ORGANIZATION, ...ADMIN])).toEqual({
      name: 'Acme',
      slug: 'acme',
      providerId: 'organization-live-1',
      adminEmail: 'alice@acme.example',
      adminProviderId: 'member-live-1',
    });
    const padded = ['--name', ' Acme\u00a0', '--admin-name', 'Alice\u3000', '--admin-email', ' alice@acme.example '];
    expect(readFirstOrganization([...ORGANIZATION, ...ADMIN, ...padded])).toMatchObject({
      name: 'Acme',
      adminName: 'Alice',
      adminEmail: 'alice@acme.example',
    });
    const operator = ['--operator-email', 'olga@example.com', '--operator-provider-id', 'member-live-9'];
    expect(readFirstOrganization([...ORGANIZATION, ...ADMIN, ...operator])).toMatchObject({ operatorEmail: 'olga@example.com' });
  });

  it.each([
    ['no admin', ORGANIZATION, /--admin-email is required; --admin-provider-id is required/],
    ['an empty name', [...ORGANIZATION, ...ADMIN, '--name', ''], /--name must not be empty/],
    ['a blank name', [...ORGANIZATION, ...ADMIN, '--name', ' \u200b'], /--name must not be empty/],
    ['an invisible name of the admin', [...ORGANIZATION, ...ADMIN, '--admin-name', '\u2800'], /--admin-name must contain a vis/],
    ['a control character in a name', [...ORGANIZATION, ...ADMIN, '--name', 'A\u0007'], /--name must not contain control/],
    ['a reversed name', [...ORGANIZATION, ...ADMIN, '--operator-name', '\u202eA'], /--operator-name must not contain char/],
    ['an unknown option', [...ORGANIZATION, ...ADMIN, '--color', 'red'], /--color/],
    ['a slug with spaces', [...ORGANIZATION, ...ADMIN, '--slug', 'the acme'], /--slug must have 2 to 63 characters/],
    [
      'a slug that ends with a line break',
      [...ORGANIZATION, ...ADMIN, '--slug', 'acme\n'],
      /--slug must have 2 to 63 characters/,
    ],
    ['a slug with U+212A', [...ORGANIZATION, ...ADMIN, '--slug', '\u212aiwi'], /--slug must have 2 to 63 characters/],
    [
      'a space around the id',
      [...ORGANIZATION, ...ADMIN, '--provider-id', 'organization-live-1 '],
      /--provider-id must be an id/,
    ],
    [
      'an invisible character in an id',
      [...ORGANIZATION, ...ADMIN, '--admin-provider-id', 'a\u200b'],
      /--admin-provider-id must/,
    ],
    ['a blank id', [...ORGANIZATION, ...ADMIN, '--admin-provider-id', ' '], /--admin-provider-id must be an id/],
    [
      'an address without a mailbox',
      [...ORGANIZATION, ...ADMIN, '--admin-email', 'ü@exämple.com'],
      /--admin-email must be an email/,
    ],
    [
      'an operator without a provider id',
      [...ORGANIZATION, ...ADMIN, '--operator-email', 'olga@example.com'],
      /must be given together/,
    ],
    ['a viewer without an address', [...ORGANIZATION, ...ADMIN, '--viewer-provider-id', 'x'], /--viewer-email and --viewer-prov/],
    [
      'the admin as viewer',
      [...ORGANIZATION, ...ADMIN, '--viewer-email', 'alice@ACME.example', '--viewer-provider-id', 'x'],
      /the viewer must not be the admin/,
    ],
    [
      'the operator as viewer',
      [
        ...ORGANIZATION,
        ...ADMIN,
        '--viewer-email',
        'vera@example.com',
        '--viewer-provider-id',
        'x',
        '--operator-email',
        'olga@example.com',
        '--operator-provider-id',
        'x',
      ],
      /the viewer must not be the operator/,
    ],
    [
      'the admin as operator',
      [...ORGANIZATION, ...ADMIN, '--operator-email', 'alice@ACME.example', '--operator-provider-id', 'x'],
      /the operator must not be the admin/,
    ],
    [
      "the admin's address in the ASCII form of its domain as operator",
      [
        ...ORGANIZATION,
        ...ADMIN,
        '--admin-email',
        'a@bücher.example',
        '--operator-email',
        'A@xn--bcher-kva.example',
        '--operator-provider-id',
        'x',
      ],
      /the operator must not be the admin/,
    ],
    [
      "the admin's id as the operator's",
      [...ORGANIZATION, ...ADMIN, '--operator-email', 'olga@example.com', '--operator-provider-id', 'member-live-1'],
      /the operator must not be the admin/,
    ],
  ])('are refused with %s, and the usage is shown', (_, typed, why) => {
    const code = 'PIKAIA_ARGUMENTS_INVALID';
    expect(() => readFirstOrganization(typed)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(why) }));
    expect(() => readFirstOrganization(typed)).toThrow(/--slug acme --provider-id/);
  });
});
