import dns from 'node:dns';
import { once } from 'node:events';
import { Agent, createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newId } from '../identifier.js';
import { context } from './context.js';
import { parseCorrelationHosts } from './correlation-hosts.js';
import { sendCorrelationId } from './outgoing-context.js';

/** The server responds with the correlation id that it received. */
describe('sendCorrelationId', () => {
  const agent = new Agent({ maxSockets: 1, keepAlive: true }); // one socket, so that requests queue
  let server: Server;
  let url: string;
  let stop: () => void;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const target = new URL(request.url!, url).searchParams.get('redirect');
      if (target !== null) response.writeHead(302, { location: target });
      response.end(JSON.stringify(request.headers['x-correlation-id'] ?? null));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  beforeEach(() => (stop = sendCorrelationId()));
  afterEach(() => stop());
  afterAll(() => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });

  type Headers = Record<string, string> | string[];

  const ways: [string, (headers?: Headers, at?: string) => Promise<unknown>][] = [
    ['fetch', async (headers = {}, at = url) => (await fetch(at, { headers: headers as Record<string, string> })).json()],
    [
      'node:http',
      async (headers = {}, at = url) => {
        const [response] = (await once(httpRequest(at, { agent, headers }).end(), 'response')) as [IncomingMessage];
        return JSON.parse((await response.toArray()).join('')) as unknown;
      },
    ],
  ];

  it.each(ways)(
    '%s sends the correlation id of the context that started the request, for 20 concurrent requests',
    async (_, call) => {
      const ids = Array.from({ length: 20 }, newId);
      const seen = await Promise.all(
        ids.map((correlationId) =>
          context.run({ correlationId }, async () => {
            await Promise.resolve();
            return call();
          }),
        ),
      );
      expect(seen).toEqual(ids);
    },
  );

  it.each(ways)('%s keeps an X-Correlation-Id header that the caller sets, in any case', async (_, call) => {
    expect(await context.run({}, () => call({ 'X-Correlation-Id': 'mine' }))).toBe('mine');
  });

  it.each(ways)('%s sends no correlation id outside a context, or after sendCorrelationId is stopped', async (_, call) => {
    expect(await call()).toBeNull();
    stop();
    expect(await context.run({}, () => call())).toBeNull();
  });

  describe('to a host that is not loopback', () => {
    const at = (host: string, path = ''): string => `${url.replace('127.0.0.1', host)}${path}`;

    beforeEach(() => {
      const lookup = (_name: string, options: dns.LookupOptions, done: (...found: unknown[]) => void) =>
        options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
      jest.spyOn(dns, 'lookup').mockImplementation(lookup as never);
      stop();
      stop = sendCorrelationId(parseCorrelationHosts('api.example.com'));
    });
    afterEach(() => jest.restoreAllMocks());

    it.each(ways)('%s sends the correlation id only if the host is listed', async (_, call) => {
      const send = (host: string) => context.run({ correlationId: 'id-1' }, () => call({}, at(host)));
      expect(await send('api.example.com')).toBe('id-1');
      expect(await send('hooks.example.com')).toBeNull();
      expect(await send('api.example.com.evil.example')).toBeNull();
      stop();
      stop = sendCorrelationId();
      expect(await send('api.example.com')).toBeNull();
      expect(await context.run({ correlationId: 'id-1' }, () => call())).toBe('id-1');
    });

    it('fetch does not send it to another host that a listed host redirects to', async () => {
      const redirected = at('api.example.com', `?redirect=${encodeURIComponent(at('hooks.example.com'))}`);
      expect(await context.run({}, () => ways[0]![1]({}, redirected))).toBeNull();
      const back = at('hooks.example.com', `?redirect=${encodeURIComponent(at('api.example.com'))}`);
      expect(await context.run({ correlationId: 'id-1' }, () => ways[0]![1]({}, back))).toBe('id-1');
    });
  });

  it('does not change a request whose headers Node has already written', async () => {
    const call = ways[1]![1];
    expect(await context.run({}, () => call(['host', 'x', 'x-other', 'y']))).toBeNull();
  });
});
