import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { endpointsOf, readDocument } from '../support/openapi/document.js';
import { ServiceProcess } from '../support/system/service.process.js';
import { System, type RequestOptions } from '../support/system/system.js';

const ORIGIN = 'https://app.example.com';
const HSTS_S = 300;
const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': `max-age=${HSTS_S}; includeSubDomains`,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

describe('responses to browsers', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({
      worker: false,
      environment: { CORS_ORIGINS: `${ORIGIN}, http://localhost:5173`, HSTS_MAX_AGE_SECONDS: String(HSTS_S) },
    });
  });
  afterAll(() => system.stop());

  it.each<[string, number, string, string, RequestOptions]>([
    ['a success', 200, 'GET', '/me', { as: 'alice@example.com' }],
    [
      'a change',
      201,
      'POST',
      '/members/invitations',
      { as: 'alice@example.com', body: { email: 'page@example.com', role: 'member' } },
    ],
    ['a missing session', 401, 'GET', '/me', {}],
    ['a missing role', 403, 'GET', '/members', { as: 'carol@example.com' }],
    ['an unknown path', 404, 'GET', '/nowhere', {}],
    ['a path that is not UTF-8', 400, 'GET', '/%zz', {}],
    ['a query that is not UTF-8', 400, 'GET', '/me?name=%zz', {}],
    ['a path segment that is too long', 414, 'GET', `/members/${'x'.repeat(600)}`, {}],
    ['a body that is too large', 413, 'POST', '/members/invitations', { as: 'alice@example.com', body: 'x'.repeat(1_100_000) }],
    [
      'a body that is not JSON',
      415,
      'POST',
      '/members/invitations',
      { as: 'alice@example.com', headers: { 'content-type': 'text/plain' }, body: 'x' },
    ],
    ['a health check', 200, 'GET', '/health/live', {}],
  ])('have all security headers, and CORS headers for an allowed origin: %s (%i)', async (_, status, method, path, options) => {
    const { headers, ...answer } = await system.request(method, path, {
      ...options,
      headers: { origin: ORIGIN, ...options.headers },
    });
    expect(answer.status).toBe(status);
    const present = Object.fromEntries(headers);
    expect(present).toMatchObject({ ...SECURITY_HEADERS, 'access-control-allow-origin': ORIGIN, vary: 'Origin' });
    expect(present).not.toHaveProperty('x-powered-by');
    expect(present).not.toHaveProperty('access-control-allow-credentials');
    expect(headers.get('access-control-expose-headers')!.toLowerCase().split(', ')).toEqual(
      expect.arrayContaining(['x-correlation-id', 'retry-after', 'ratelimit', 'etag']),
    );
  });

  it('let a page read all headers that the OpenAPI document describes', async () => {
    const { headers } = await system.request('GET', '/me', { headers: { origin: ORIGIN } });
    const described = endpointsOf(readDocument()).flatMap(({ operation }) =>
      Object.values(operation.responses!).flatMap((response) => Object.keys(response.headers!)),
    );
    const readable = headers.get('access-control-expose-headers')!.toLowerCase().split(', ');
    expect(described.filter((name) => !readable.includes(name.toLowerCase()))).toEqual([]);
    expect(described).toContain('WWW-Authenticate');
  });

  it.each([
    ['an invalid header', 'GET / HTTP/1.1\r\nHost a\r\n\r\n', 400],
    ['headers that are too large', `GET / HTTP/1.1\r\nHost: a\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('have all security headers if the HTTP parser refuses the request: %s', async (_, sent, status) => {
    const socket = connect(system.api.port, '127.0.0.1');
    socket.write(sent);
    const [head] = (await text(socket)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) expect(head).toContain(`\r\n${name}: ${value}`);
  });

  it('allow a page of a configured origin to send the headers of the API, without authentication', async () => {
    const { status, headers } = await system.request('OPTIONS', '/members/invitations', {
      headers: {
        origin: ORIGIN,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,idempotency-key,if-match,prefer',
      },
    });
    expect(status).toBe(204);
    expect(Object.fromEntries(headers)).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-max-age': '7200',
      vary: 'Origin',
    });
    expect(headers.get('access-control-allow-headers')!.toLowerCase().split(', ')).toEqual(
      'authorization content-type x-correlation-id idempotency-key if-match if-none-match prefer'.split(' '),
    );
  });

  it('do not allow another origin, and answer an OPTIONS request that is not a preflight request as before', async () => {
    for (const origin of ['https://app.example.com.evil.example', 'https://APP.example.com', 'http://app.example.com', 'null']) {
      const answer = await system.request('GET', '/me', { as: 'alice@example.com', headers: { origin } });
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, null]);
      expect(answer.headers.get('vary')).toBe('Origin');
    }
    expect((await system.request('OPTIONS', '/me', { headers: { origin: ORIGIN } })).status).toBe(404);
  });

  it('have no CORS headers and no HSTS without the settings', async () => {
    const { port } = await system.startApi({ CORS_ORIGINS: '', HSTS_MAX_AGE_SECONDS: '' });
    const answer = await system.request('GET', '/me', { port, as: 'alice@example.com', headers: { origin: ORIGIN } });
    const names = [...answer.headers.keys()];
    expect(names.filter((name) => name.startsWith('access-control-') || name === 'vary')).toEqual([]);
    expect(names).not.toContain('strict-transport-security');
    expect(names).toContain('content-security-policy');
  });

  it('are not sent by an api with an invalid origin, which does not start', async () => {
    const service = ServiceProcess.launch('api', {
      ...system.settings(system.database.apiUrl),
      CORS_ORIGINS: `${ORIGIN},https://app.example.com/path`,
    });
    expect(await service.exited).toBe(1);
    expect(service.text()).toMatch(
      /CORS_ORIGINS is .*must be origins such as https:\/\/app\.example\.com.*app\.example\.com\/path/,
    );
  });
});
