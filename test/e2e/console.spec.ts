import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { resolve } from 'node:path';
import { SessionProvider } from '../support/http/session-provider.js';
import { System } from '../support/system/system.js';

const ASSETS = resolve(__dirname, '../../apps/console/dist/assets');
const CONSOLE = { 'x-console': '1' };
const JSON_BODY = { 'content-type': 'application/json' };

/** The cookie of a response as a browser would send it, with its attributes. */
function cookieOf({ headers }: Response): { sent: string; attributes: string[] } {
  const [sent, ...attributes] = headers.getSetCookie()[0]!.split('; ');
  return { sent: sent!, attributes };
}

const problemOf = async (response: Response): Promise<unknown[]> => [
  response.status,
  ((await response.json()) as { type: string }).type,
];

describe('the console over HTTP', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({ worker: false });
  });
  afterAll(() => system.stop());

  const call = (path: string, init: RequestInit = {}, port = system.api.port) => fetch(`http://127.0.0.1:${port}${path}`, init);
  /** `fetch` would add `Cache-Control: no-cache` to a conditional request. */
  const statusOf = async (path: string, headers: Record<string, string>) => {
    const request = get({ port: system.api.port, path, headers });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  };
  const signIn = async (token: string) =>
    cookieOf(await call('/console/session', { method: 'POST', headers: { authorization: `Bearer ${token}` } }));
  const rename = (headers: Record<string, string>) =>
    call('/api/v1/me', { method: 'PATCH', headers: { ...JSON_BODY, ...headers }, body: JSON.stringify({ name: 'Alice' }) });

  describe('its files', () => {
    it.each(['/console', '/console/', '/console/events', '/console/contracts/member.invited', '/console/c/%22%3E%3Cscript%3E'])(
      '%s is the page, never stored, with a policy that allows no inline code',
      async (path) => {
        const response = await call(path);
        expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
        expect(response.headers.get('cache-control')).toBe('no-store');
        const policy = response.headers.get('content-security-policy')!;
        expect(policy).toContain("default-src 'none'");
        expect(policy).toContain("script-src 'self';");
        expect(policy).not.toMatch(/unsafe|\*/);
        const page = await response.text();
        expect(page).toContain('<div id="console">');
        expect(page).not.toMatch(/<script(?! (?:type="module" crossorigin )?src=)|<style|\son\w+=/);
      },
    );

    it('are immutable, compressed as the client wishes, and revalidated by their ETag', async () => {
      const script = readdirSync(ASSETS).find((name) => /^index-.*\.js$/.test(name))!;
      const sizes: Record<string, number> = {};
      for (const encoding of ['identity', 'gzip', 'br']) {
        const response = await call(`/console/assets/${script}`, { headers: { 'accept-encoding': encoding } });
        expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
        expect(response.headers.get('content-type')).toMatch(/^(text|application)\/javascript/);
        expect(response.headers.get('x-content-type-options')).toBe('nosniff');
        expect(response.headers.get('content-encoding') ?? 'identity').toBe(encoding);
        sizes[encoding] = Number(response.headers.get('content-length'));
        await response.arrayBuffer();
        const headers = { 'accept-encoding': encoding, 'if-none-match': response.headers.get('etag')! };
        expect(await statusOf(`/console/assets/${script}`, headers)).toBe(304);
      }
      expect(sizes['br']).toBeLessThan(sizes['gzip']!);
      expect(sizes['gzip']).toBeLessThan(sizes['identity']! / 2);
      const style = readdirSync(ASSETS).find((name) => /^index-.*\.css$/.test(name))!;
      expect((await call(`/console/assets/${style}`)).headers.get('content-type')).toMatch(/^text\/css/);
      const head = await call('/console', { method: 'HEAD' });
      expect([head.status, await head.text()]).toEqual([200, '']);
      expect(Number(head.headers.get('content-length'))).toBeGreaterThan(0);
    });

    it.each([
      '/console/assets/index-old.js',
      '/console/assets',
      '/console/assets/',
      '/console/assets/?x=1',
      '/console/assets/%2F',
      '/console/assets/..%2F..%2Fpackage.json',
      '/console/assets/%2e%2e/index.html',
      '/console/favicon.ico',
      '/console/main.js',
      '/consoles',
    ])('a path without a file is 404 and never the page: %s', async (path) => {
      const response = await call(path);
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
      expect(await response.text()).not.toContain('<div');
    });
  });

  describe('its session', () => {
    it('exchanges a bearer session for a cookie that scripts and other sites cannot use, and that expires with the token', async () => {
      const { sent, attributes } = await signIn(await system.newToken('alice@example.com', 600));
      expect(sent).toMatch(/^pikaia-session=[\w.-]+$/);
      const age = attributes.find((one) => one.startsWith('Max-Age='))!;
      expect(attributes.filter((one) => one !== age).toSorted()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Strict']);
      expect(Number(age.slice('Max-Age='.length))).toBeGreaterThan(590);
      expect(Number(age.slice('Max-Age='.length))).toBeLessThanOrEqual(600);
      const me = await call('/api/v1/me', { headers: { cookie: `theme=dark; ${sent}; other="1"` } });
      expect([me.status, ((await me.json()) as { email: string }).email]).toEqual([200, 'alice@example.com']);
    });

    it('gives no cookie for a missing or refused token, or for a person who is not a member', async () => {
      for (const headers of [{}, { authorization: 'Bearer x.y.z' }, { authorization: 'Basic YTpi' }] as Record<
        string,
        string
      >[]) {
        const response = await call('/console/session', { method: 'POST', headers });
        expect([response.status, response.headers.getSetCookie()]).toEqual([401, []]);
      }
      const { sent } = await signIn(await system.token('alice@example.com'));
      expect((await call('/console/session', { method: 'POST', headers: { cookie: sent, ...CONSOLE } })).status).toBe(401);
      const stranger = await system.newToken('new@example.com', 600, { newOrganization: true });
      const refused = await call('/console/session', { method: 'POST', headers: { authorization: `Bearer ${stranger}` } });
      expect([refused.status, refused.headers.getSetCookie()]).toEqual([403, []]);
    });

    it('refuses a change with the cookie without X-Console, as a form of another site would send it', async () => {
      const { sent: cookie } = await signIn(await system.token('alice@example.com'));
      for (const header of [{}, { 'x-console': '' }, { 'x-console': 'true' }] as Record<string, string>[])
        expect(await problemOf(await rename({ cookie, ...header }))).toEqual([403, 'urn:pikaia:problem:forbidden']);
      expect((await rename({ cookie, ...CONSOLE })).status).toBe(200);
      expect((await call('/api/v1/me', { headers: { cookie } })).status).toBe(200);
    });

    it('ignores the cookie if the request has Authorization, whatever that header contains', async () => {
      const { sent: cookie } = await signIn(await system.token('alice@example.com'));
      const carol = `Bearer ${await system.token('carol@example.com')}`;
      const me = await call('/api/v1/me', { headers: { cookie, authorization: carol } });
      expect(((await me.json()) as { email: string }).email).toBe('carol@example.com');
      for (const authorization of ['Bearer x.y.z', 'Basic YTpi', 'Bearer'])
        expect((await call('/api/v1/me', { headers: { cookie, authorization } })).status).toBe(401);
    });

    it('ends with the token, also for a client that keeps the cookie', async () => {
      const token = await system.newToken('alice@example.com', 600);
      expect((await signIn(token)).sent).toBe(`pikaia-session=${token}`); // the cookie has no other time of expiry
      const cookie = `pikaia-session=${await system.newToken('alice@example.com', -600)}`;
      expect(await problemOf(await call('/api/v1/me', { headers: { cookie } }))).toEqual([
        401,
        'urn:pikaia:problem:unauthenticated',
      ]);
      expect(await (await call('/console/session', { headers: { cookie } })).json()).toMatchObject({ signed_in: false });
    });

    it('is removed by DELETE, which needs X-Console and no valid session', async () => {
      expect((await call('/console/session', { method: 'DELETE' })).status).toBe(403);
      const response = await call('/console/session', {
        method: 'DELETE',
        headers: { cookie: 'pikaia-session=old', ...CONSOLE },
      });
      const { sent, attributes } = cookieOf(response);
      expect([response.status, sent]).toEqual([204, 'pikaia-session=']);
      expect(attributes).toContain('Max-Age=0');
    });

    it('is not open to pages of other origins: CORS allows neither credentials nor X-Console', async () => {
      const origin = 'https://app.example.com';
      const { port } = await system.startApi({ CORS_ORIGINS: origin });
      const preflight = await call(
        '/api/v1/me',
        {
          method: 'OPTIONS',
          headers: { origin, 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'x-console' },
        },
        port,
      );
      expect(preflight.headers.get('access-control-allow-headers')!.toLowerCase()).not.toContain('x-console');
      expect(preflight.headers.get('access-control-allow-credentials')).toBeNull();
    });

    it('writes no token into the log', async () => {
      const token = await system.token('alice@example.com');
      const { sent: cookie } = await signIn(token);
      await call('/api/v1/nowhere', { headers: { cookie } });
      expect(system.api.text()).toContain('console_session_started');
      expect(system.api.text()).not.toContain(token.split('.')[2]);
    });
  });

  describe('its demo people', () => {
    it('sign in with one click in development, each in the organization that was chosen', async () => {
      const { data } = (await (await call('/console/demo-people')).json()) as { data: { email: string; role: string }[] };
      expect(data.map(({ email, role }) => `${email} ${role}`)).toEqual(
        expect.arrayContaining(['olga@example.com operator', 'alice@example.com admin', 'gina@example.com admin']),
      );
      const body = JSON.stringify({ email: 'alice@example.com', organization: 'acme' });
      const init = { method: 'POST', headers: JSON_BODY, body };
      expect((await call('/console/demo-people/sign-in', init)).status).toBe(403);
      const response = await call('/console/demo-people/sign-in', { ...init, headers: { ...JSON_BODY, ...CONSOLE } });
      expect(response.status).toBe(204);
      const me = await call('/api/v1/me', { headers: { cookie: cookieOf(response).sent } });
      expect(await me.json()).toMatchObject({ email: 'alice@example.com', role: 'admin' });
    });

    it('are not for a page of a website whose host name leads to this computer', async () => {
      expect(await statusOf('/console/demo-people', { host: `localhost:${system.api.port}` })).toBe(200);
      expect(await statusOf('/console/demo-people', { host: 'localhost.evil.example' })).toBe(403);
      expect(await statusOf('/console/demo-people', { host: `rebound.example:${system.api.port}` })).toBe(403);
    });

    it.each([
      [404, { email: 'nobody@example.com' }],
      [404, { email: 'alice@example.com', organization: 'globex' }],
      [422, { email: '' }],
      [422, {}],
      [422, { email: 'a\u0000b' }],
    ])('respond %i for a person who is not there: %j', async (status, body) => {
      const headers = { ...JSON_BODY, ...CONSOLE };
      const response = await call('/console/demo-people/sign-in', { method: 'POST', headers, body: JSON.stringify(body) });
      expect([response.status, response.headers.getSetCookie()]).toEqual([status, []]);
    });
  });

  describe('in production', () => {
    let provider: SessionProvider;
    beforeAll(async () => {
      provider = await SessionProvider.start();
    });
    afterAll(() => provider.stop());

    const production = () => ({
      NODE_ENV: 'production',
      CURSOR_SECRET: 'a secret of the tests, long enough for it',
      SESSION_JWKS_URL: provider.jwksUrl,
      SESSION_ISSUER: provider.issuer,
      SESSION_AUDIENCE: provider.audience,
    });
    const alice = async () =>
      (
        await system.query<{ subject: string; organization: string }>(
          `select m.provider_id as subject, o.provider_id as organization from organizations_member m
         join organizations_organization o on o.id = m.organization_id where m.email = 'alice@example.com'`,
        )
      )[0]!;

    it('is off unless CONSOLE is on: every path is 404, and a cookie is no session', async () => {
      const { port } = await system.startApi(production());
      const { subject, organization } = await alice();
      const token = await provider.sign(subject, { organization });
      for (const path of ['', '/', '/events', '/session', '/demo-people', '/assets/x.js'])
        expect((await call(`/console${path}`, {}, port)).status).toBe(404);
      expect((await call('/api/v1/me', { headers: { cookie: `__Host-pikaia-session=${token}` } }, port)).status).toBe(401);
    });

    it('has a cookie for this host over TLS alone, and no demo people', async () => {
      const { port } = await system.startApi({ ...production(), CONSOLE: 'on' });
      const { subject, organization } = await alice();
      const authorization = `Bearer ${await provider.sign(subject, { organization })}`;
      const response = await call('/console/session', { method: 'POST', headers: { authorization } }, port);
      const { sent, attributes } = cookieOf(response);
      expect(sent).toMatch(/^__Host-pikaia-session=/);
      expect(attributes).toEqual(expect.arrayContaining(['Secure', 'HttpOnly', 'Path=/', 'SameSite=Strict']));
      expect((await call('/api/v1/me', { headers: { cookie: sent } }, port)).status).toBe(200);
      const long = await provider.sign(subject, { organization, claims: { padding: 'x'.repeat(4_000) } });
      const refused = await call('/console/session', { method: 'POST', headers: { authorization: `Bearer ${long}` } }, port);
      expect([refused.status, refused.headers.getSetCookie()]).toEqual([400, []]);
      expect(await (await call('/console/session', {}, port)).json()).toEqual({ signed_in: false, demo_people: false });
      const init = {
        method: 'POST',
        headers: { ...JSON_BODY, ...CONSOLE },
        body: JSON.stringify({ email: 'alice@example.com' }),
      };
      expect((await call('/console/demo-people/sign-in', init, port)).status).toBe(404);
      expect(await (await call('/console/demo-people', {}, port)).text()).not.toContain('alice');
    });
  });
});
