import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { TestAuthority } from '../../../../test/support/http/test.authority.js';
import { parseNetworks } from './address.policy.js';
import { GuardedPost, type GuardedPostOptions, type PostResult } from './guarded.post.js';

const LOOPBACK = parseNetworks('127.0.0.0/8, ::1');
const QUICK = { timeoutMs: 400, connectTimeoutMs: 200 };

/** Sends a text one byte each 10 milliseconds, so that it takes longer than the deadline. */
const drip =
  (text: string) =>
  async (socket: Socket): Promise<void> => {
    for (const byte of text) {
      if (socket.destroyed) return;
      socket.write(byte);
      await delay(10);
    }
  };

describe('GuardedPost', () => {
  const servers: { server: Server; sockets: Set<Socket> }[] = [];
  let connections: number;
  let controller: AbortController;

  beforeEach(() => {
    connections = 0;
    controller = new AbortController();
  });
  afterEach(async () => {
    for (const { server, sockets } of servers.splice(0)) {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      connections++;
      sockets.add(socket.on('error', () => socket.destroy()));
    });
    server.listen(0, host);
    await once(server, 'listening');
    servers.push({ server, sockets });
    return (server.address() as AddressInfo).port;
  }
  const listenHttp = (respond: RequestListener) => listen(createHttpServer(respond));

  /** A server that writes `text` to each connection when the request arrives. */
  const listenRaw = (write: (socket: Socket) => unknown) =>
    listen(createServer((socket) => void socket.once('data', () => void write(socket))));

  const post = (url: string, options: GuardedPostOptions = {}): Promise<PostResult> =>
    new GuardedPost({ allowedNetworks: LOOPBACK, allowHttp: true, ...options }).post({
      url,
      headers: { 'content-type': 'application/json', 'webhook-id': 'msg_1' },
      body: '{"name":"Zoë"}',
      signal: controller.signal,
    });
  const postTo = (port: number, options?: GuardedPostOptions) => post(`http://127.0.0.1:${port}/hook?a=b`, options);

  it('sends the body and the headers, and returns the status and the start of the response', async () => {
    const received: unknown[] = [];
    const port = await listenHttp((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        received.push([request.method, request.url, request.headers, body]);
        response.writeHead(202, { 'retry-after': '7' }).end('accepted\0');
      });
    });
    await expect(postTo(port)).resolves.toEqual({ status: 202, body: 'accepted\uFFFD', retryAfter: '7' });
    const headers = {
      host: `127.0.0.1:${port}`,
      'content-type': 'application/json',
      'content-length': '15',
      'webhook-id': 'msg_1',
      connection: 'close',
    };
    expect(received).toEqual([['POST', '/hook?a=b', headers, '{"name":"Zoë"}']]);
  });

  it.each([
    [500, 'status', 'The status is 500.'],
    [404, 'status', 'The status is 404.'],
    [304, 'redirect', 'The status is 304. Redirects are not followed.'],
  ])('reports the status %d as a failure', async (status, code, text) => {
    const port = await listenHttp((_, response) => response.writeHead(status).end());
    await expect(postTo(port)).resolves.toEqual({ status, body: '', failure: { code, text } });
  });

  it.each(['http://169.254.169.254/latest/meta-data', 'http://127.0.0.1:1', '/elsewhere'])(
    'does not follow a redirect to %s',
    async (location) => {
      const port = await listenHttp((_, response) => response.writeHead(302, { location }).end());
      await expect(postTo(port)).resolves.toMatchObject({ status: 302, failure: { code: 'redirect' } });
      expect(connections).toBe(1);
    },
  );

  it.each([
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '017700000001',
    '127.1',
    '0177.0.0.0x1',
    '%31%32%37.0.0.1',
    '①②⑦.⓪.⓪.①',
    'localhost',
    'LOCALHOST.',
    'service.localhost',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[2002:7f00:1::]',
    '0.0.0.0',
    '0',
  ])('refuses the host %s and opens no connection', async (host) => {
    const port = await listenHttp((_, response) => response.end());
    const result = await post(`http://${host}:${port}/`, { allowedNetworks: [] });
    expect(result).toMatchObject({ status: null, body: null, failure: { code: 'address-refused' } });
    expect(connections).toBe(0);
  });

  it('refuses a host if one of its addresses is refused, and does not tell the address', async () => {
    const result = await post('https://example.com/', { resolve: async () => ['93.184.215.14', '10.1.2.3'] });
    expect(result.failure).toEqual({ code: 'address-refused', text: 'An address of the host name is not public.' });
  });

  it('connects to an address that it checked, although the name server answers differently the next time', async () => {
    const port = await listenHttp((_, response) => response.end('first'));
    const answers = [['127.0.0.1'], ['169.254.169.254']];
    const resolve = jest.fn(async () => answers.shift()!);
    await expect(post(`http://rebinding.example:${port}/`, { resolve })).resolves.toMatchObject({ status: 200, body: 'first' });
    expect(resolve.mock.calls).toEqual([['rebinding.example']]);
  });

  it('tries the next address of the host if the first one refuses the connection', async () => {
    const port = await listen(
      createHttpServer((_, response) => void response.end('second')),
      '127.0.0.2',
    );
    const resolve = async () => ['127.0.0.1', '127.0.0.2'];
    await expect(post(`http://two.example:${port}/`, { resolve })).resolves.toMatchObject({ status: 200, body: 'second' });
  });

  it('refuses http unless it is allowed, and every other scheme', async () => {
    for (const url of ['http://example.com', 'file:///etc/passwd', 'ftp://example.com', 'data:,x', 'no url', '']) {
      const result = await post(url, { allowHttp: false });
      expect(result.failure).toEqual({ code: 'address-refused', text: 'The URL does not use https.' });
    }
  });

  it('reads at most one KiB of a response of one GiB', async () => {
    let written = 0;
    const chunk = Buffer.alloc(65_536, 'x');
    const port = await listenHttp((_, response) => {
      response.writeHead(200, { 'content-length': 2 ** 30 });
      const write = (): void => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
        response.once('drain', write);
      };
      write();
    });
    await expect(postTo(port)).resolves.toEqual({ status: 200, body: 'x'.repeat(1024) });
    expect(written).toBeLessThan(2 ** 24); // what the buffers of the kernel hold
  });

  it('closes the connection after a complete response, although the server does not read the request', async () => {
    const server = createServer({ pauseOnConnect: true });
    const connection = once(server, 'connection') as Promise<[Socket]>;
    const url = `http://127.0.0.1:${await listen(server)}/`;
    const guarded = new GuardedPost({ allowedNetworks: LOOPBACK, allowHttp: true });
    const result = guarded.post({ url, headers: {}, body: 'x'.repeat(2 ** 25) });
    const [socket] = await connection;
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    await expect(result).resolves.toEqual({ status: 200, body: 'ok' });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    await closed;
    expect(socket.bytesRead).toBeLessThan(2 ** 25); // what the buffers of the kernel hold
  });

  it('does not split a character at the end of the part that it reads', async () => {
    const port = await listenHttp((_, response) => response.end('é'.repeat(600).slice(1).padStart(600, 'x')));
    const { body } = await postTo(port);
    expect(body).toBe(`x${'é'.repeat(511)}`);
  });

  it('does not decompress a response', async () => {
    const port = await listenHttp((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('raw'));
    await expect(postTo(port)).resolves.toMatchObject({ status: 200, body: 'raw' });
  });

  it.each<[string, (socket: Socket) => unknown, object]>([
    ['sends nothing', () => undefined, { status: null, failure: { code: 'timeout', text: 'No response within 400 ms.' } }],
    ['sends one byte of its headers at a time', drip('HTTP/1.1 200 OK\r\nx: '), { status: null, failure: { code: 'timeout' } }],
    ['sends interim responses for ever', drip('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(400)), { failure: { code: 'timeout' } }],
    [
      'sends one byte of its body at a time',
      (socket) => (socket.write('HTTP/1.1 500 No\r\ncontent-length: 900\r\n\r\n'), drip('x'.repeat(900))(socket)),
      { status: 500, body: expect.stringMatching(/^x+$/), failure: { code: 'status' } },
    ],
  ])('ends at the deadline if the server %s', async (_, write, expected) => {
    const port = await listenRaw(write);
    const startedAt = performance.now();
    await expect(postTo(port, QUICK)).resolves.toMatchObject(expected);
    expect(performance.now() - startedAt).toBeLessThan(14_000); // the default deadline is fifteen seconds
  });

  it.each<[string, (socket: Socket) => unknown, object]>([
    [
      'closes the connection',
      (socket) => socket.destroy(),
      { code: 'connection', text: expect.stringContaining('(ECONNRESET)') },
    ],
    ['sends no HTTP', (socket) => socket.end('SSH-2.0-server\r\n'), { code: 'response', text: expect.stringContaining('(HPE_') }],
    [
      'sends headers without end',
      (socket) => socket.write(`HTTP/1.1 200 OK\r\n${`x: ${'y'.repeat(1_000)}\r\n`.repeat(17)}`),
      { code: 'response', text: 'The headers of the response exceed 16384 bytes.' },
    ],
    [
      'sends many interim responses',
      (socket) => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1_000)),
      { code: 'response', text: 'The server sent more than 10 responses with status 1xx.' },
    ],
    [
      'switches protocols',
      (socket) => socket.write('HTTP/1.1 101 No\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
      { code: 'connection' },
    ],
  ])('reports a failure if the server %s', async (_, write, failure) => {
    const port = await listenRaw(write);
    await expect(postTo(port)).resolves.toMatchObject({ status: null, failure });
  });

  it('reports a failure if nothing listens, or the host does not resolve in time', async () => {
    const port = await listenHttp(() => undefined);
    servers.splice(0).forEach(({ server }) => server.close());
    const refused = { code: 'connection', text: 'The connection failed (ECONNREFUSED).' };
    await expect(postTo(port)).resolves.toMatchObject({ status: null, failure: refused });
    const resolve = () => new Promise<never>(() => undefined);
    const late = await post('https://example.com/', { ...QUICK, resolve });
    expect(late.failure).toEqual({ code: 'timeout', text: 'No response within 400 ms.' });
  });

  it('rejects with the reason of the signal, whatever it waits for', async () => {
    const port = await listenRaw(() => controller.abort(new Error('stopping')));
    await expect(postTo(port)).rejects.toThrow('stopping');
    await expect(postTo(port)).rejects.toThrow('stopping');
    controller = new AbortController();
    const resolve = async () => (controller.abort(new Error('stopping')), delay(60_000, [], { ref: false }));
    await expect(post('https://example.com/', { resolve })).rejects.toThrow('stopping');
  });

  describe('with TLS', () => {
    let authority: TestAuthority;
    let other: TestAuthority;

    beforeAll(async () => {
      [authority, other] = await Promise.all([TestAuthority.create(), TestAuthority.create()]);
    });

    const postSecurely = (port: number, options?: GuardedPostOptions) =>
      post(`https://shop.example:${port}/`, { resolve: async () => ['127.0.0.1'], ca: authority.certificate, ...options });

    it('sends the name of the host, and verifies the certificate', async () => {
      const names: unknown[] = [];
      const certificate = await authority.issue('shop.example');
      const server = createHttpsServer(certificate, (_, response) => response.end('secure'));
      server.on('secureConnection', ({ servername }: { servername: unknown }) => names.push(servername));
      const port = await listen(server);
      await expect(postSecurely(port)).resolves.toEqual({ status: 200, body: 'secure' });
      expect(names).toEqual(['shop.example']);
    });

    it.each<[string, () => Promise<{ key: string; cert: string }>, string]>([
      ['of another host', () => authority.issue('other.example'), 'ERR_TLS_CERT_ALTNAME_INVALID'],
      ['of an unknown authority', () => other.issue('shop.example'), 'CERT_SIGNATURE_FAILURE'],
      [
        'that has expired',
        () => authority.issue('shop.example', { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') }),
        'CERT_HAS_EXPIRED',
      ],
    ])('refuses a certificate %s, whatever NODE_TLS_REJECT_UNAUTHORIZED says', async (_, issue, code) => {
      const port = await listen(createHttpsServer(await issue(), (__, response) => response.end()));
      process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
      try {
        const failure = { code: 'tls', text: `The TLS handshake failed (${code}).` };
        await expect(postSecurely(port)).resolves.toMatchObject({ status: null, failure });
      } finally {
        delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      }
    });

    it('reports a failure if the server does not speak TLS, and a timeout if it says nothing', async () => {
      const plain = await listenRaw((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
      await expect(postSecurely(plain)).resolves.toMatchObject({ status: null, failure: { code: 'tls' } });
      const silent = await listenRaw(() => undefined);
      const failure = { code: 'timeout', text: 'No connection within 200 ms.' };
      await expect(postSecurely(silent, QUICK)).resolves.toMatchObject({ status: null, failure });
    });
  });
});
