import { connect, type AddressInfo } from 'node:net';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { createFastifyAdapter } from './fastify.adapter.js';

const REQUEST_TIMEOUT_MS = 400;

describe('the request timeout', () => {
  const adapter = createFastifyAdapter({ requestTimeoutMs: REQUEST_TIMEOUT_MS });
  const instance = adapter.getInstance();

  beforeAll(async () => {
    instance.post('/body', () => 'answer');
    await instance.listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(() => instance.close());

  it.each([
    ['incomplete headers', 'POST /body HTTP/1.1\r\nHost: a\r\nX-Sl', ''],
    ['headers that arrive byte by byte', 'POST /body HTTP/1.1\r\nHost: a\r\nX-Sl', 'o'],
    [
      'an incomplete body',
      'POST /body HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n"',
      '',
    ],
    [
      'a body that arrives byte by byte',
      'POST /body HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n"',
      'o',
    ],
  ])('responds 408 and closes the connection after the timeout: %s', async (_, sent, more) => {
    const socket = connect({ port: (instance.server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
    const startedAt = performance.now();
    socket.on('error', () => undefined); // it is still writing when the server closes
    socket.write(sent);
    const trickle = setInterval(() => more && socket.write(more), 20);
    let received = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
    await new Promise((resolve) => socket.once('end', resolve).once('close', resolve)); // close: a byte met the closed connection
    const tookMs = performance.now() - startedAt;
    clearInterval(trickle);
    expect(received).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n(.*\r\n)*connection: close\r\n(.*\r\n)*\r\n\{.*"status":408/);
    expect(tookMs).toBeGreaterThanOrEqual(REQUEST_TIMEOUT_MS - 1);
    // The client half is still open, but the server has closed the connection.
    await pollUntil(
      () => new Promise<boolean>((resolve) => instance.server.getConnections((_error, count) => resolve(count === 0))),
    );
    socket.destroy();
  });

  it('is 30 seconds by default for headers and body', () => {
    const { server } = createFastifyAdapter().getInstance();
    expect([server.headersTimeout, server.requestTimeout]).toEqual([30_000, 30_000]);
  });
});
