import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { Connections } from './connections.js';

const NEVER_MS = 3_600_000; // a drain that waited this long would exceed the test timeout
const LARGE_BYTES = 12_000_000; // more than the socket buffers hold
const GET = 'GET /now HTTP/1.1\r\nHost: a\r\n\r\n';
const HALF_BODY = 'POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345';

describe('Connections', () => {
  let server: Server;
  let connections: Connections;
  let waiting: ServerResponse[];
  const sockets: Socket[] = [];

  beforeEach(async () => {
    waiting = [];
    server = createServer((request, response) => {
      if (request.url === '/later') waiting.push(response);
      else if (request.url === '/refused') response.writeHead(413).end();
      else if (request.url === '/large') response.end(Buffer.alloc(LARGE_BYTES));
      else request.resume().on('end', () => response.end('answer'));
    });
    server.keepAliveTimeout = NEVER_MS;
    server.on('clientError', (error, socket) => {
      socket.end('HTTP/1.1 408 Request Timeout\r\n\r\n', () => socket.destroy(error));
    });
    connections = new Connections(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
  });

  /** Opens a connection, sends the text, and waits until the server has read it. `received` collects all output. */
  async function open(sent = '') {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(socket);
    const [[peer]] = (await Promise.all([once(server, 'connection'), once(socket, 'connect')])) as [[Socket], unknown];
    const send = async (more: string): Promise<void> => {
      const before = peer.bytesRead;
      socket.write(more);
      await pollUntil(() => peer.destroyed || peer.bytesRead >= before + Buffer.byteLength(more));
    };
    if (sent) await send(sent);
    return { socket, send, received: text(socket) };
  }

  const drain = (limits = {}) => connections.drain({ incompleteMs: NEVER_MS, unreadMs: NEVER_MS, ...limits });

  it('closes idle connections, and those that never sent a byte, immediately', async () => {
    const silent: Promise<string>[] = [];
    for (let i = 0; i < 10; i++) silent.push((await open()).received);
    const { received } = await open(GET);
    await drain();
    expect(await Promise.all(silent)).toEqual(Array(10).fill(''));
    expect(await received).toMatch(/answer$/);
  });

  it.each([
    ['request headers', 'GET /now HTTP/1.1\r\nHost: a\r\nX-Sl'],
    ['a body', HALF_BODY],
  ])('responds 408 if %s did not arrive in time', async (_, sent) => {
    const { received } = await open(sent);
    await drain({ incompleteMs: 50 });
    expect(await received).toMatch(/HTTP\/1.1 408 Request Timeout\r\n/);
  });

  it('responds 408 if the headers of the next request on a connection did not arrive in time', async () => {
    const { socket, send, received } = await open();
    const answered = once(socket, 'data');
    await send(GET);
    await answered;
    await send('GET /now HT');
    await drain({ incompleteMs: 50 });
    expect(await received).toMatch(/answerHTTP\/1.1 408 Request Timeout\r\n/);
  });

  it('sends no second response if a handler has refused an incomplete body', async () => {
    const { send, received } = await open('POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n1');
    await send('2');
    await drain({ incompleteMs: 50 });
    expect((await received).match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 413']);
  });

  it('responds 408 to a body that arrives byte by byte', async () => {
    const { socket, received } = await open('POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n1');
    socket.on('error', () => undefined);
    const trickle = setInterval(() => socket.write('1'), 5);
    await drain({ incompleteMs: 50 });
    clearInterval(trickle);
    expect(await received.catch(() => 'reset')).toMatch(/408|reset/);
  });

  it.each([
    ['its headers', GET.slice(0, 20), GET.slice(20)],
    ['its body', HALF_BODY, '67890'],
  ])('serves a request and sends Connection: close if %s arrived in time', async (_, first, rest) => {
    const { socket, received } = await open(first);
    const drained = drain();
    await pollUntil(() => !server.listening);
    socket.write(rest);
    await drained;
    expect(await received).toMatch(/^HTTP\/1.1 200 OK\r\n(.*\r\n)*Connection: close\r\n(.*\r\n)*\r\n.*answer/);
  });

  it('waits for a handler in flight, and closes the connection after its response', async () => {
    const { received } = await open('GET /later HTTP/1.1\r\nHost: a\r\n\r\n');
    await pollUntil(() => waiting.length === 1);
    const drained = drain({ incompleteMs: 0, unreadMs: 0 });
    await pollUntil(() => !server.listening);
    waiting[0]!.end('late');
    await drained;
    expect(await received).toMatch(/Connection: close\r\n(.*\r\n)*\r\nlate$/);
  });

  it('responds to each request of a pipeline', async () => {
    const later = 'GET /later HTTP/1.1\r\nHost: a\r\n\r\n';
    const { socket, received } = await open(later + later);
    await pollUntil(() => waiting.length === 2);
    const drained = drain();
    await pollUntil(() => !server.listening);
    socket.write(later);
    await pollUntil(() => waiting.length === 3);
    for (const [index, response] of waiting.entries()) response.end(`answer ${index}`);
    await drained;
    expect((await received).match(/answer \d/g)).toEqual(['answer 0', 'answer 1', 'answer 2']);
  });

  /** Opens a client that requests a large response and does not read it. */
  async function openUnread(): Promise<Socket> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    socket.write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(server, 'request');
    return socket;
  }

  it('destroys the connection of a client that does not read its response', async () => {
    await openUnread();
    await drain({ unreadMs: 50 });
    expect(server.listening).toBe(false);
  });

  it('lets a client read its response completely', async () => {
    const socket = await openUnread();
    const drained = drain();
    await pollUntil(() => !server.listening);
    const received = await text(socket);
    await drained;
    expect(received.length).toBeGreaterThan(LARGE_BYTES);
  });

  it.each([
    ['an upgrade', 'GET /now HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('completes the drain after a request for %s', async (_, sent) => {
    await open(sent);
    await drain();
    expect(server.listening).toBe(false);
  });
});
