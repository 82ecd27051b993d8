import { memberNotice, svixHeaders } from '../../apps/api/src/identity/development-notice.js';
import { SessionProvider } from '../support/http/session-provider.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const TEST_TIMEOUT_MS = 240_000;
const CUSTOM_DOMAIN = 'https://login.example.com';

describe('the api in production, with sessions from an external provider', () => {
  let provider: SessionProvider;
  let system: System;
  let alice: { provider_id: string; organization: string };

  beforeAll(async () => {
    provider = await SessionProvider.start();
    system = await System.start({
      worker: false,
      environment: {
        NODE_ENV: 'production',
        CURSOR_SECRET: 'a secret of the tests, long enough for it',
        SESSION_JWKS_URL: provider.jwksUrl,
        SESSION_ISSUER: `${provider.issuer},${CUSTOM_DOMAIN}`,
        SESSION_AUDIENCE: provider.audience,
        SESSION_OPERATOR_ORGANIZATION: 'organization-test-operators',
      },
    });
    [alice] = (await system.query<typeof alice>(
      `select m.provider_id, o.provider_id as organization from organizations_member m
       join organizations_user u on u.id = m.user_id join organizations_organization o on o.id = m.organization_id
       where u.email = 'alice@example.com'`,
    )) as [typeof alice];
  }, TEST_TIMEOUT_MS);
  afterAll(async () => {
    await system.stop();
    await provider.stop();
  });

  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const me = (token: string, path = '/me') => system.request('GET', path, { headers: bearer(token) });

  it(
    'responds 503 with Retry-After while the keys are unavailable',
    async () => {
      provider.fault = 503;
      const answer = await me(await provider.sign(alice.provider_id, { organization: alice.organization }));
      expect(answer).toMatchObject({ status: 503, body: { type: 'urn:pikaia:problem:unavailable' } });
      expect(answer.headers.get('retry-after')).toBe('5');
      expect(JSON.stringify(answer.body)).not.toContain('127.0.0.1');
      provider.fault = undefined;
      const token = await provider.sign(alice.provider_id, { organization: alice.organization });
      await waitFor('the api has the keys', async () => (await me(token)).status === 200);
    },
    TEST_TIMEOUT_MS,
  );

  it('admits members and operators, and refuses everyone else', async () => {
    const { organization } = alice;
    expect(await me(await provider.sign(alice.provider_id, { organization }))).toMatchObject({
      status: 200,
      body: { email: 'alice@example.com' },
    });
    const [olga] = await system.query<{ provider_id: string }>(
      "select provider_id from organizations_user where email = 'olga@example.com'",
    );
    const operators = await provider.sign(olga!.provider_id, { organization: 'organization-test-operators' });
    expect((await me(operators, '/admin/outbox')).status).toBe(200);
    expect((await me(await provider.sign(olga!.provider_id, { organization }), '/admin/outbox')).status).toBe(403);
    const line = await waitFor('the line', () => system.api.linesOf('session_without_membership')[0]);
    expect(line).toMatchObject({ level: 'WARNING', 'session.subject': olga!.provider_id });
    expect((await me(await provider.sign(alice.provider_id, { organization, expires: -60 }))).status).toBe(401);
    expect((await me(await system.token('alice@example.com'))).status).toBe(401); // a token of the development issuer
  });

  it('admits the same person under each of the configured issuers, and under no other', async () => {
    const { organization } = alice;
    const statusUnder = async (issuer: string) =>
      (await me(await provider.sign(alice.provider_id, { organization, issuer }))).status;
    expect(await Promise.all([provider.issuer, CUSTOM_DOMAIN].map(statusUnder))).toEqual([200, 200]);
    expect(await Promise.all([`${CUSTOM_DOMAIN}/`, 'stytch.com/project-test-2'].map(statusUnder))).toEqual([401, 401]);
  });

  it('refuses an impersonation with 403, records nothing, and logs who acted', async () => {
    const claims = { act: { sub: 'workspace-user-1' } };
    const token = await provider.sign(alice.provider_id, { organization: alice.organization, claims });
    const answer = await system.request('PATCH', '/organization', { headers: bearer(token), body: { name: 'Renamed' } });
    expect(answer).toMatchObject({ status: 403, body: { type: 'urn:pikaia:problem:forbidden' } });
    const line = await waitFor('the line', () => system.api.linesOf('session_impersonation_refused')[0]);
    expect(line).toMatchObject({
      level: 'WARNING',
      'session.subject': alice.provider_id,
      'session.impersonator': 'workspace-user-1',
    });
    expect(line).not.toHaveProperty('usr.id');
    expect(await system.query("select name from organizations_organization where slug = 'acme'")).toEqual([{ name: 'Acme' }]);
    expect(await system.query('select from audit.record')).toEqual([]);
  });

  it('refuses a webhook that is signed with the secret of development', async () => {
    const { organization } = alice;
    const body = JSON.stringify(memberNotice({ id: 'member-test-1', organization, email: 'mallory@example.com' }));
    expect((await system.request('POST', '/identity/webhook', { body, headers: svixHeaders(body) })).status).toBe(404);
    expect(await system.query("select from organizations_user where email = 'mallory@example.com'")).toEqual([]);
  });

  it('responds 401 to signed claims that identify no person', async () => {
    const { organization } = alice;
    const [olga] = await system.query<{ provider_id: string }>(
      "select provider_id from organizations_user where email = 'olga@example.com'",
    );
    const session = (changed: object) => ({ 'https://stytch.com/session': { id: 'session-test-1', ...changed } });
    for (const token of [
      await provider.sign(olga!.provider_id, { organization: null }),
      await provider.sign(`${alice.provider_id}\u0000`, { organization }),
      await provider.sign(alice.provider_id, { organization: `${organization}\u0000` }),
      await provider.sign(alice.provider_id, { organization: '' }),
      await provider.sign(alice.provider_id, { organization, claims: { sub: [alice.provider_id] } }),
      await provider.sign(alice.provider_id, { organization, claims: session({ expires_at: '2020-01-01T00:00:00Z' }) }),
    ]) {
      for (const path of ['/me', '/admin/outbox']) expect((await me(token, path)).status).toBe(401);
    }
  });
});
