import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { parseTrustedProxies } from './client-address.js';
import { context, type ContextSnapshot } from './context.js';
import { enterContextAtRequest } from './http-context.js';

const ID = 'a2bbd1f0-52d3-4bb5-9d3e-5f0c6f0c9b11';

describe('enterContextAtRequest', () => {
  let server: Server;
  let answer: (response: ServerResponse) => void;
  let seen: (ContextSnapshot | undefined)[];
  let observed: string[];

  beforeEach(async () => {
    seen = [];
    observed = [];
    answer = (response) => response.end();
    server = createServer((_request, response) => {
      seen.push(context.current);
      answer(response);
    });
    enterContextAtRequest(server, parseTrustedProxies('1'), [() => observed.push(context.correlationId)]);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const port = (): number => (server.address() as AddressInfo).port;

  const get = (path: string, headers: Record<string, string | string[]> = {}): Promise<IncomingHttpHeaders> =>
    new Promise((resolve, reject) => {
      request({ port: port(), path, headers }, (response) => response.resume().on('end', () => resolve(response.headers)))
        .on('error', reject)
        .end();
    });

  it('creates a correlation id, runs the observers inside the context and returns the id in a header', async () => {
    const headers = await get('/');
    expect(headers['x-correlation-id']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(seen[0]).toMatchObject({ correlationId: headers['x-correlation-id'], origin: 'server' });
    expect(observed).toEqual([headers['x-correlation-id']]);
  });

  it('takes a correlation id in capitals or braces in its stored spelling', async () => {
    const id = '0198a0a0-abcd-7000-8000-0123456789ef';
    for (const spelling of [id.toUpperCase(), `{${id}}`, `{${id.toUpperCase()}}`])
      expect((await get('/', { 'x-correlation-id': spelling }))['x-correlation-id']).toBe(id);
    expect(seen.map((current) => current?.origin)).toEqual(['client', 'client', 'client']);
  });

  it('runs the listeners of an error in the body of a request in the context of that request, and of another error in none', async () => {
    const errors: (string | undefined)[] = [];
    server.on('clientError', (_error, socket) => {
      errors.push(context.current?.correlationId);
      socket.destroy();
    });
    const head = `POST / HTTP/1.1\r\nHost: x\r\nX-Correlation-Id: ${ID}\r\n`;
    for (const text of [`${head}Transfer-Encoding: chunked\r\n\r\nZZ\r\n`, 'nonsense\r\n\r\n', `${head}\r\nnonsense\r\n\r\n`]) {
      const socket = connect(port(), '127.0.0.1', () => socket.write(text)).resume();
      await new Promise((resolve) => socket.on('close', resolve));
    }
    expect(errors).toEqual([ID, undefined, undefined]);
  });

  const shared: OutgoingHttpHeaders = Object.freeze({ 'x-other': 'kept' });

  it.each<[string, (response: ServerResponse) => ServerResponse]>([
    ['writeHead with an object that requests share', (response) => response.writeHead(200, shared)],
    ['writeHead with a reason and an object', (response) => response.writeHead(200, 'Fine', shared)],
    ['writeHead with a flat list', (response) => response.writeHead(200, ['x-other', 'kept'])],
    ['setHeader', (response) => response.setHeader('x-other', 'kept').writeHead(200)],
    ['flushHeaders before the body', (response) => (response.setHeader('x-other', 'kept'), response.flushHeaders(), response)],
  ])('returns the correlation id together with headers that the application sets by %s', async (_, write) => {
    answer = (response) => void write(response).end('done');
    for (const id of [ID, ID.replace(/^a/, 'b')]) {
      expect(await get('/', { 'x-correlation-id': id })).toMatchObject({ 'x-correlation-id': id, 'x-other': 'kept' });
    }
    expect(shared).toEqual({ 'x-other': 'kept' });
  });

  it.each<[string, (response: ServerResponse) => ServerResponse]>([
    ['writeHead', (response) => response.writeHead(200, { 'X-Correlation-ID': 'theirs' })],
    ['setHeader', (response) => response.setHeader('X-Correlation-ID', 'theirs').writeHead(200, shared)],
  ])('keeps an X-Correlation-ID header that the application sets by %s', async (_, write) => {
    answer = (response) => void write(response).end();
    expect((await get('/'))['x-correlation-id']).toBe('theirs');
  });

  it("uses the client's UUID in lower case and sets the origin to client", async () => {
    const headers = await get('/', { 'X-Correlation-ID': ID.toUpperCase() });
    expect(headers['x-correlation-id']).toBe(ID);
    expect(seen[0]).toMatchObject({ correlationId: ID, origin: 'client' });
  });

  it.each(['', 'abc', `${ID} `.repeat(2), `${ID}\t<script>`, '0'.repeat(2000)])(
    'replaces the invalid X-Correlation-ID %j with a new id',
    async (given) => {
      const headers = await get('/', { 'X-Correlation-ID': given });
      expect(headers['x-correlation-id']).not.toBe(given);
      expect(seen[0]).toMatchObject({ origin: 'server' });
    },
  );

  it('ignores the X-Correlation-ID when the request has two', async () => {
    await get('/', { 'X-Correlation-ID': [ID, ID] });
    expect(seen[0]).toMatchObject({ origin: 'server' });
  });

  const TRACE_PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const TRACE = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', parentId: '00f067aa0ba902b7' };

  it('uses the trace id of a traceparent when there is no valid X-Correlation-ID, and sets the origin to client', async () => {
    const headers = await get('/', { traceparent: TRACE_PARENT, 'X-Correlation-ID': 'no-uuid' });
    const correlationId = '4bf92f35-77b3-4da6-a3ce-929d0e0e4736';
    expect(headers['x-correlation-id']).toBe(correlationId);
    expect(seen[0]).toMatchObject({ correlationId, origin: 'client', traceParent: TRACE });
    expect(Object.isFrozen(seen[0]!.traceParent)).toBe(true);
  });

  it('prefers the X-Correlation-ID to the traceparent and keeps the trace in the context', async () => {
    await get('/', { traceparent: TRACE_PARENT, 'X-Correlation-ID': ID });
    expect(seen[0]).toMatchObject({ correlationId: ID, origin: 'client', traceParent: TRACE });
  });

  it('accepts an X-Correlation-ID that it created from a trace id before', async () => {
    const given = '00000000-0000-0000-0000-00000000000a'; // a trace id has no UUID version
    const first = await get('/', { traceparent: `00-${given.replaceAll('-', '')}-00f067aa0ba902b7-00` });
    expect(first['x-correlation-id']).toBe(given);
    const second = await get('/', { 'X-Correlation-ID': given });
    expect(second['x-correlation-id']).toBe(given);
  });

  it('ignores an invalid traceparent and creates a correlation id', async () => {
    await get('/', { traceparent: TRACE_PARENT.replace('00-', 'ff-') });
    expect(seen[0]).toMatchObject({ origin: 'server' });
    expect(seen[0]).not.toHaveProperty('traceParent');
  });

  it('stores method, path without query string, client address and user agent in the context', async () => {
    await get('/members?token=secret', { 'User-Agent': 'spec', 'X-Forwarded-For': '1.2.3.4, 198.51.100.7' });
    expect(seen[0]?.request).toEqual({ method: 'GET', path: '/members', clientAddress: '198.51.100.7', userAgent: 'spec' });
  });

  it('stores the raw X-Forwarded-For text when it contains no address', async () => {
    await get('/', { 'X-Forwarded-For': 'nonsense' });
    expect(seen[0]?.request).toMatchObject({ clientAddress: null, unparsedAddress: 'nonsense' });
  });

  it.each([
    ['http://user:secret@example.com/members?x=1', '/members'],
    ['http://user:secret@example.com', '/'],
    ['//members', '//members'],
    ['/a#secret', '/a'],
    ['*', '*'],
  ])('stores only the path of the request target %s', async (target, path) => {
    const socket = connect(port(), '127.0.0.1');
    socket.write(`OPTIONS ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    await new Promise((resolve) => socket.resume().on('close', resolve));
    expect(seen[0]?.request?.path).toBe(path);
  });

  it('runs each request of one connection in its own context', async () => {
    const socket = connect(port(), '127.0.0.1');
    socket.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await new Promise((resolve) => socket.resume().on('close', resolve));
    expect(seen.map((snapshot) => snapshot?.request?.path)).toEqual(['/1', '/2']);
    expect(new Set(observed).size).toBe(2);
  });

  it('does not create a context for other events of the server', () => {
    expect(server.emit('anything')).toBe(false);
    expect(context.current).toBeUndefined();
  });
});
