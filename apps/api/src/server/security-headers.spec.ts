import { createFastifyAdapter } from './fastify.adapter.js';

const PAGE = { 'default-src': ["'self'"] };

describe('the content policy of a route', () => {
  const instance = createFastifyAdapter().getInstance();
  let url: string;

  beforeAll(async () => {
    instance.get('/page', { config: { contentPolicy: PAGE } as object }, (_request, reply) =>
      reply.header('cache-control', 'public, max-age=60').send('page'),
    );
    instance.get('/data', () => 'data');
    url = await instance.listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(() => instance.close());

  it('replaces that of the API, and the route its cache control, on that route only', async () => {
    const page = (await fetch(`${url}/page`)).headers;
    expect(page.get('content-security-policy')).toBe("default-src 'self'");
    expect(page.get('x-content-type-options')).toBe('nosniff');
    expect(page.get('cache-control')).toBe('public, max-age=60');
    const data = (await fetch(`${url}/data`)).headers;
    expect(data.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
    expect(data.get('cache-control')).toBe('no-store');
  });
});
