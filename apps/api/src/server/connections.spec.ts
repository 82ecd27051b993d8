import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { pollUntil } from '../../../../test/support/until.js';
import { Connections } from './connections.js';

const NEVER_MS = 3_600_000; // a drain that needed it would not end within the test
const LARGE_BYTES = 12_000_000; // beyond what the sockets hold
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

  /** A connection on which this was sent and has arrived, and everything that comes on it. */
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

  it('ends connections that never sent a byte, and idle ones, at once', async () => {
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
  ])('answers 408 where %s did not arrive in time', async (_, sent) => {
    const { received } = await open(sent);
    await drain({ incompleteMs: 50 });
    expect(await received).toMatch(/HTTP\/1.1 408 Request Timeout\r\n/);
  });

  it('answers 408 where the headers of the next request on a connection did not arrive in time', async () => {
    const { socket, send, received } = await open();
    const answered = once(socket, 'data');
    await send(GET);
    await answered;
    await send('GET /now HT');
    await drain({ incompleteMs: 50 });
    expect(await received).toMatch(/answerHTTP\/1.1 408 Request Timeout\r\n/);
  });

  it('sends no second answer where a handler has refused a body that does not end', async () => {
    const { send, received } = await open('POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n1');
    await send('2');
    await drain({ incompleteMs: 50 });
    expect((await received).match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 413']);
  });

  it('answers a body that comes byte by byte with 408', async () => {
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
  ])('serves a request when %s came in time, and says that the connection closes', async (_, first, rest) => {
    const { socket, received } = await open(first);
    const drained = drain();
    await pollUntil(() => !server.listening);
    socket.write(rest);
    await drained;
    expect(await received).toMatch(/^HTTP\/1.1 200 OK\r\n(.*\r\n)*Connection: close\r\n(.*\r\n)*\r\n.*answer/);
  });

  it('waits for a handler that is at work, and for nothing after its answer', async () => {
    const { received } = await open('GET /later HTTP/1.1\r\nHost: a\r\n\r\n');
    await pollUntil(() => waiting.length === 1);
    const drained = drain({ incompleteMs: 0, unreadMs: 0 });
    await pollUntil(() => !server.listening);
    waiting[0]!.end('late');
    await drained;
    expect(await received).toMatch(/Connection: close\r\n(.*\r\n)*\r\nlate$/);
  });

  it('answers every request of a pipeline', async () => {
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

  /** A client that has asked for a large answer and reads none of it. */
  async function openUnread(): Promise<Socket> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    socket.write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(server, 'request');
    return socket;
  }

  it('destroys the connection of a client that does not read its answer', async () => {
    await openUnread();
    await drain({ unreadMs: 50 });
    expect(server.listening).toBe(false);
  });

  it('lets a client read its answer to the end', async () => {
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
  ])('is not kept open by a request for %s', async (_, sent) => {
    await open(sent);
    await drain();
    expect(server.listening).toBe(false);
  });
});
