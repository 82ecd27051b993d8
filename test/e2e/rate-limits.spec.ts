import { System, type ApiResponse, type RequestOptions } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const [ALICE, CAROL, GINA, OLGA] = ['alice@example.com', 'carol@example.com', 'gina@example.com', 'olga@example.com'] as const;
const [ADDRESS, SESSION, ORGANIZATION, WINDOW] = [60, 12, 20, 86_400] as const; // the window outlasts the test

/** The items of a RateLimit header by the name of the limit: `"session";r=3;t=60` becomes `{ session: { r: 3, t: 60 } }`. */
const itemsOf = (list: string | null): Record<string, Record<string, number>> =>
  Object.fromEntries(
    [...(list ?? '').matchAll(/"(\w+)"((?:;\w+=\d+)+)/g)].map(([, name, parameters]) => [
      name,
      Object.fromEntries([...parameters!.matchAll(/;(\w+)=(\d+)/g)].map(([, key, value]) => [key, Number(value)])),
    ]),
  );

const violated = ({ body }: ApiResponse): unknown => body['violated-policies'];

describe('the rate limits of two api processes', () => {
  let system: System;
  let ports: readonly number[];
  let lastAddress = 0;

  beforeAll(async () => {
    system = await System.start({
      worker: false,
      environment: {
        TRUSTED_PROXIES: '1',
        METRIC_INTERVAL_MS: '100',
        RATE_LIMIT_WINDOW_SECONDS: String(WINDOW),
        RATE_LIMIT_ADDRESS: String(ADDRESS),
        RATE_LIMIT_SESSION: String(SESSION),
        RATE_LIMIT_ORGANIZATION: String(ORGANIZATION),
      },
    });
    await system.startApi();
    ports = system.services.map(({ port }) => port);
  });
  afterAll(() => system.stop());

  /** Returns an address that no other test uses. */
  const newAddress = () => `203.0.113.${++lastAddress}`;

  /** Sends a request through the trusted proxy, which appends the client's address to X-Forwarded-For. */
  const send = (method: string, path: string, address: string, { headers, ...options }: RequestOptions = {}) =>
    system.request(method, path, { port: ports[0]!, ...options, headers: { 'x-forwarded-for': address, ...headers } });

  async function sendUntilRefused(count: number, request: (index: number) => Promise<ApiResponse>): Promise<ApiResponse> {
    for (let index = 0; index < count; index++) expect((await request(index)).status).not.toBe(429);
    const refused = await request(count);
    expect(refused.status).toBe(429);
    return refused;
  }

  it('are in the headers of a response, with what is left of each', async () => {
    const address = newAddress();
    const { headers } = await send('GET', '/me', address, { as: CAROL });
    expect(itemsOf(headers.get('ratelimit-policy'))).toEqual({
      address: { q: ADDRESS, w: WINDOW },
      session: { q: SESSION, w: WINDOW },
      organization: { q: ORGANIZATION, w: WINDOW },
    });
    const first = itemsOf(headers.get('ratelimit'));
    expect(first).toMatchObject({ address: { r: ADDRESS - 1, t: WINDOW }, session: { r: SESSION - 1, t: WINDOW } });
    const second = itemsOf((await send('GET', '/me', address, { as: CAROL })).headers.get('ratelimit'));
    for (const name of ['address', 'session', 'organization']) expect(second[name]!['r']).toBe(first[name]!['r']! - 1);
    const strange = await send('GET', '/nowhere', address);
    expect(strange.status).toBe(404);
    expect(itemsOf(strange.headers.get('ratelimit'))).toEqual({ address: { r: ADDRESS - 3, t: expect.any(Number) } });
    const operator = await send('GET', '/admin/outbox', address, { as: OLGA });
    expect(Object.keys(itemsOf(operator.headers.get('ratelimit')))).toEqual(['address', 'session']);
  });

  it('admit the requests of one organization once in both processes together', async () => {
    const answers: ApiResponse[] = [];
    for (let sent = 0; sent < 2 * SESSION; sent++)
      answers.push(await send('GET', '/me', newAddress(), { as: GINA, port: ports[sent % 2]! }));
    expect(answers.map(({ status }) => status)).toEqual(answers.map((_, index) => (index < ORGANIZATION ? 200 : 429)));
    for (const refused of answers.slice(ORGANIZATION)) expect(violated(refused)).toEqual(['organization']);
  });

  it('refuse a user with any number of tokens, and not another user of the organization', async () => {
    const refused = await sendUntilRefused(SESSION, async (index) =>
      send('GET', '/me', newAddress(), { headers: { authorization: `Bearer ${await system.newToken(ALICE, 600 + index)}` } }),
    );
    expect(refused.body).toEqual({
      type: 'urn:pikaia:problem:rate-limited',
      title: 'Too many requests',
      status: 429,
      detail: expect.stringMatching(
        /^The limit of 12 requests in 86400 seconds for this user is reached\. Try again in \d+ seconds\.$/,
      ),
      'violated-policies': ['session'],
      correlation_id: refused.headers.get('x-correlation-id'),
    });
    const { t, r } = itemsOf(refused.headers.get('ratelimit'))['session']!;
    expect([r, String(t)]).toEqual([0, refused.headers.get('retry-after')]);
    expect((await send('GET', '/me', newAddress(), { as: CAROL })).status).toBe(200);
  });

  it('leave no row, no event, no entry and no statement behind when they refuse a change', async () => {
    const email = 'refused@example.com';
    const answer = await send('POST', '/members/invitations', newAddress(), { as: ALICE, body: { email, role: 'member' } });
    expect([answer.status, violated(answer)]).toEqual([429, ['session']]);
    const id = answer.headers.get('x-correlation-id');
    const rows = await system.query(
      `select 1 from organizations_user where email = $2
       union all select 1 from outbox.outbox_log where correlation_id = $1
       union all select 1 from audit.record where correlation_id = $1`,
      [id, email],
    );
    expect(rows).toEqual([]);
    const accessLine = () => system.lines.find(({ trace_id: trace, logger }) => trace === id && logger === 'http');
    await waitFor('the access line', accessLine);
    expect(accessLine()).toMatchObject({ event: 'request_completed', 'http.status_code': 429 });
    expect(accessLine()).not.toHaveProperty('db.query_count');
  });

  it('cannot be evaded by a forged X-Forwarded-For, which does not use up the limit of another address', async () => {
    const [address, victim] = [newAddress(), newAddress()];
    const forged = ['not-an-ip', victim, '::1', '10.0.0.1, 10.0.0.2', ''];
    const refused = await sendUntilRefused(ADDRESS, (index) =>
      send('GET', '/nowhere', `${forged[index % forged.length]}${index}, ${address}`),
    );
    expect(violated(refused)).toEqual(['address']);
    const other = await send('GET', '/nowhere', victim);
    expect([other.status, itemsOf(other.headers.get('ratelimit'))['address']!['r']]).toEqual([404, ADDRESS - 1]);
  });

  it('count the addresses of one IPv6 network of 64 bits together', async () => {
    await sendUntilRefused(ADDRESS, (index) => send('GET', '/nowhere', `2001:db8:0:1:${index.toString(16)}::1`));
    expect((await send('GET', '/nowhere', '2001:db8:0:2::1')).status).toBe(404);
  });

  it('count a refused token as twenty requests of its address, and spare the health checks', async () => {
    const address = newAddress();
    const token = await system.newToken(OLGA, -60);
    for (let guess = 0; guess < ADDRESS / 20; guess++) {
      const answer = await send('GET', '/me', address, { headers: { authorization: `Bearer ${token}` } });
      expect(answer.status).toBe(401);
    }
    expect((await send('GET', '/me', address, { as: OLGA })).status).toBe(429);
    for (const path of ['/health/live', '/health/ready']) {
      const health = await send('GET', path, address);
      expect([health.status, health.headers.get('ratelimit')]).toEqual([200, null]);
    }
  });

  it('have no email address and no token in their keys, and log a reached limit once', async () => {
    const lines = system.lines.filter(({ event }) => event === 'rate_limit_reached');
    expect(lines.map((line) => line['limit.name'])).toEqual(expect.arrayContaining(['address', 'session', 'organization']));
    for (const line of lines) expect(line).toMatchObject({ level: 'WARNING', 'network.client.ip': expect.any(String) });
    const sessions = lines.filter((line) => line['limit.name'] === 'session');
    const [alice] = await system.query<{ provider_id: string }>('select provider_id from organizations_member where email = $1', [
      ALICE,
    ]);
    expect(sessions).toEqual([expect.objectContaining({ 'session.subject': alice!.provider_id })]);
    const text = JSON.stringify(sessions.map(({ 'usr.email': _known, ...line }) => line));
    expect(text).not.toMatch(/@|Bearer|eyJ/);
    const keys = await system.query('select * from rate_limit_window');
    expect(keys.length).toBeGreaterThan(0);
    expect(JSON.stringify(keys)).not.toContain('@');
  });

  it('are counted in a metric with the name of the limit', async () => {
    const counted = () => system.lines.filter((line) => 'http.rate_limited' in line).map((line) => line['limit']);
    await waitFor('the metric', () => ['address', 'session', 'organization'].every((name) => counted().includes(name)));
  });
});
