import { loadSettings } from '@pikaia/core';
import { IdentitySettings } from './identity.settings.js';

const secretOf = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;
const load = (changed: Record<string, string> = {}) => loadSettings([IdentitySettings], changed)[0];

describe('IdentitySettings', () => {
  it('has the key of development outside of production, and no key in production', () => {
    expect(load().webhookKeys).toHaveLength(1);
    const environment = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    try {
      expect(load().webhookKeys).toHaveLength(0);
      expect(load({ IDENTITY_WEBHOOK_SECRETS: secretOf(24) }).webhookKeys).toHaveLength(1);
    } finally {
      process.env['NODE_ENV'] = environment;
    }
  });

  it('reads several secrets and several roles', () => {
    const settings = load({
      IDENTITY_WEBHOOK_SECRETS: ` ${secretOf(24)} , ${secretOf(64)}`,
      IDENTITY_ADMIN_ROLES: 'stytch_admin, owner,',
    });
    expect(settings.webhookKeys).toHaveLength(2);
    expect([...settings.adminRoles]).toEqual(['stytch_admin', 'owner']);
    expect([...load().adminRoles]).toEqual(['stytch_admin']);
  });

  it.each([
    'whsec_',
    'a secret',
    secretOf(23),
    `${secretOf(24)},`,
    `${secretOf(24)},x`,
    `${secretOf(24)} ${secretOf(24)}`,
    'whsec_!!!!'.repeat(9),
  ])('refuses the secret %j without printing it', (IDENTITY_WEBHOOK_SECRETS) => {
    expect(() => load({ IDENTITY_WEBHOOK_SECRETS })).toThrow(
      /IDENTITY_WEBHOOK_SECRETS has a value that is not accepted: it must be secrets/,
    );
  });
});
