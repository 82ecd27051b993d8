import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { sendPost } from './send.post.js';

describe('sendPost', () => {
  let server: Server;
  let requests = 0;

  beforeAll(async () => {
    server = createServer((_, response) => {
      requests++;
      response.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => server.close());

  it('sends nothing to a socket whose address is refused', async () => {
    const permits = jest.fn(() => false);
    const sending = sendPost({
      url: new URL(`http://shop.example:${(server.address() as AddressInfo).port}/`),
      headers: {},
      body: 'secret',
      addresses: ['127.0.0.1'],
      permits,
      connectTimeoutMs: 5_000,
      signal: new AbortController().signal,
    });
    await expect(sending).rejects.toMatchObject({ code: 'address-refused', message: 'The address is not public.' });
    expect([permits.mock.calls, requests]).toEqual([[['127.0.0.1']], 0]);
  });
});
