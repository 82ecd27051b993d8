import { once } from 'node:events';
import { Agent, createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newId } from '../identifier.js';
import { context } from './context.js';
import { sendCorrelationId } from './outgoing-context.js';

/** The server responds with the correlation id that it received. */
describe('sendCorrelationId', () => {
  const agent = new Agent({ maxSockets: 1, keepAlive: true }); // one socket, so that requests queue
  let server: Server;
  let url: string;
  let stop: () => void;

  beforeAll(async () => {
    server = createServer((request, response) => response.end(JSON.stringify(request.headers['x-correlation-id'] ?? null)));
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

  const ways: [string, (headers?: Headers) => Promise<unknown>][] = [
    ['fetch', async (headers = {}) => (await fetch(url, { headers: headers as Record<string, string> })).json()],
    [
      'node:http',
      async (headers = {}) => {
        const [response] = (await once(httpRequest(url, { agent, headers }).end(), 'response')) as [IncomingMessage];
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

  it('does not change a request whose headers Node has already written', async () => {
    const call = ways[1]![1];
    expect(await context.run({}, () => call(['host', 'x', 'x-other', 'y']))).toBeNull();
  });
});
