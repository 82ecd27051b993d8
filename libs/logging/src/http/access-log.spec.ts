import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { context, enterContextAtRequest, parseTrustedProxies, type Clock } from '@pikaia/core';
import { configureLogging, type LoggingOptions } from '../output/log-output.js';
import { captureLogs, type CapturedLogs } from '../testing/index.js';
import { accessLog } from './access-log.js';
import { logClientErrors } from './client-error-log.js';

describe('accessLog and logClientErrors', () => {
  let logs: CapturedLogs;
  let server: Server;
  let handler: RequestListener;
  let now: number;
  const clock: Clock = { now: () => new Date(0), monotonic: () => now };

  beforeEach(async () => {
    logs = captureLogs();
    now = 1_000;
    handler = (_request, response) => void response.end('ok');
    server = createServer((request, response) => handler(request, response));
    enterContextAtRequest(server, parseTrustedProxies('0'), [accessLog(clock)]);
    logClientErrors(server);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    logs.restore();
  });

  const open = (text: string): Socket => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
    socket.write(text);
    return socket.resume();
  };
  const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
  const count = async (lines: number): Promise<void> => {
    const end = Date.now() + 5_000;
    while (logs.lines.length < lines && Date.now() < end) await delay(2);
    await delay(20); // time for an unexpected extra line
    expect(logs.lines).toHaveLength(lines);
  };

  it('writes method, path, status and the duration in whole nanoseconds', async () => {
    handler = (_request, response) => {
      now += 1.23456789;
      response.writeHead(201).end();
    };
    open(get('/members?token=secret', 'User-Agent: spec\r\nCookie: secret\r\nAuthorization: secret\r\n'));
    await count(1);
    expect(logs.records[0]).toMatchObject({
      level: 'INFO',
      logger: 'http',
      event: 'request_completed',
      'http.method': 'GET',
      'http.url_details.path': '/members',
      'http.status_code': 201,
      duration: 1_234_568,
      'network.client.ip': '127.0.0.1',
      'http.useragent': 'spec',
    });
    expect(logs.lines[0]).not.toContain('secret');
  });

  it('writes the route and the user that were bound after the access log was registered', async () => {
    handler = (_request, response) => {
      context.bind({ actor: { type: 'user', id: 'u1' }, request: { ...context.current!.request!, route: '/members/:id' } });
      setImmediate(() => context.exit(() => response.end()));
    };
    open(get('/members/7'));
    await count(1);
    expect(logs.records[0]).toMatchObject({ 'usr.id': 'u1', 'http.route': '/members/:id' });
  });

  it.each([500, 503])('writes request_failed at ERROR for a response with status %s', async (status) => {
    handler = (_request, response) => void response.writeHead(status).end();
    open(get('/'));
    await count(1);
    expect(logs.records[0]).toMatchObject({ level: 'ERROR', event: 'request_failed', 'http.status_code': status });
  });

  const endings: [string, (socket: Socket) => unknown][] = [
    ['ends the connection', (socket) => socket.end()],
    ['destroys the connection', (socket) => socket.destroy()],
    ['resets the connection', (socket) => socket.resetAndDestroy()],
  ];
  const moments: [string, RequestListener, string][] = [
    ['before the response', () => undefined, get('/')],
    ['during the response', (_request, response) => void response.write('a'), get('/')],
    ['after its body was read', (request) => void request.resume(), `${get('/', 'Content-Length: 2\r\n')}ab`],
    ['in the middle of its body', () => undefined, `${get('/', 'Content-Length: 10\r\n')}ab`],
  ];
  it.each(endings.flatMap(([how, leave]) => moments.map(([when, work, text]) => [how, when, leave, work, text] as const)))(
    'writes one request_aborted if the client %s %s',
    async (_how, _when, leave, work, text) => {
      let reached = false;
      handler = (request, response) => {
        work(request, response);
        reached = true;
      };
      const socket = open(text);
      while (!reached) await delay(2);
      await delay(5);
      leave(socket);
      await count(1);
      expect(logs.records[0]).toMatchObject({ level: 'INFO', event: 'request_aborted', 'http.status_code': 499 });
    },
  );

  it.each<[string, RequestListener]>([
    ['destroys the response', (_request, response) => void (response.write('a'), setImmediate(() => response.destroy()))],
    ['destroys the response with an error', (_request, response) => void response.destroy(new Error('no'))],
    ['destroys the connection', (request) => void request.socket.destroy()],
    ['pipes a stream that fails', (_request, response) => void (async () => {
        const rows = Readable.from((async function* () { yield 'a'; throw new Error('no'); })()); // prettier-ignore
        rows.on('error', () => response.destroy()).pipe(response);
      })()], // prettier-ignore
  ])('writes request_failed, not request_aborted, if the server %s', async (_how, work) => {
    handler = work;
    open(get('/'));
    await count(1);
    expect(logs.records[0]).toMatchObject({ level: 'ERROR', event: 'request_failed', 'http.status_code': 500 });
  });

  it('writes one access line for each of several requests on one connection', async () => {
    open(get('/1') + get('/2') + get('/3', 'Connection: close\r\n'));
    await count(3);
    expect(logs.records.map((record) => record['http.url_details.path'])).toEqual(['/1', '/2', '/3']);
    expect(new Set(logs.records.map((record) => record['trace_id'])).size).toBe(3);
  });

  const paths = (): unknown[] => logs.records.map((record) => record['http.url_details.path']);

  it.each([404, 503])('writes no line for a probe that succeeds, and one for a probe that is answered %s', async (status) => {
    for (const path of ['/health', '/healthz', '/livez', '/readyz', '/api/health', '/health/live', '/readyz/db?verbose'])
      open(get(path));
    open(get('/healthy'));
    await count(1);
    handler = (_request, response) => void response.writeHead(status).end();
    open(get('/readyz'));
    await count(2);
    expect(paths()).toEqual(['/healthy', '/readyz']);
  });

  it.each<[string, LoggingOptions, string | undefined, string[]]>([
    ['the option', { probePaths: ['/', 'up/', ' ', '/ping'] }, '/livez', ['/other', '/livez']],
    ['LOG_PROBE_PATHS', {}, ' /up, /ping,/', ['/other', '/livez']],
    ['LOG_PROBE_PATHS=none', {}, 'none', ['/', '/up', '/up/db', '/ping', '/other', '/livez']],
    ['an empty LOG_PROBE_PATHS, as the default', {}, '', ['/', '/up', '/up/db', '/ping', '/other']],
  ])('takes the paths of probes from %s', async (_, options, setting, written) => {
    logs.restore();
    const { LOG_PROBE_PATHS: before } = process.env;
    if (setting !== undefined) process.env['LOG_PROBE_PATHS'] = setting;
    configureLogging(options);
    if (before === undefined) delete process.env['LOG_PROBE_PATHS'];
    logs = captureLogs();
    for (const path of ['/', '/up', '/up/db', '/ping', '/other', '/livez']) open(get(path));
    await count(written.length);
    expect(paths().sort()).toEqual(written.sort());
    configureLogging({});
  });

  it('writes client_error in its own context for input that the HTTP parser rejects, and Node still answers', async () => {
    const socket = open('nonsense\r\n\r\n');
    const response: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => response.push(bytes));
    await count(1);
    expect(Buffer.concat(response).toString()).toMatch(/^HTTP\/1\.1 400 /);
    expect(logs.records[0]).toMatchObject({
      level: 'INFO',
      event: 'client_error',
      reason: 'HPE_INVALID_METHOD',
      peer: '127.0.0.1',
    });
    expect(logs.records[0]).toHaveProperty('trace_id');
  });

  it('writes no second line for a parse error inside the body of a request', async () => {
    handler = (request) => void request.resume();
    open(`POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n`);
    await count(1);
    expect(logs.records[0]).toMatchObject({ level: 'INFO', event: 'request_aborted', 'http.status_code': 400 });
  });

  it('writes no line for an idle connection that is reset', async () => {
    const socket = open(get('/'));
    await count(1);
    socket.resetAndDestroy();
    await count(1);
  });
});
