import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { probe } from '../../../../test/support/http/probe.application.js';
import { SERVERS, startProbe, type Probe } from '../../../../test/support/http/probe.servers.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { captureLogs, type CapturedLogs } from '../testing/index.js';

const EXTRA_LINE_WAIT_MS = 20; // time for an unexpected extra line

type Server = (typeof SERVERS)[number][0];
type Line = readonly [event: string, level: string, status: number];

const completed = (status: number): Line => ['request_completed', 'INFO', status];
const failed = (status: number): Line => ['request_failed', 'ERROR', status];
const aborted = (status = 499): Line => ['request_aborted', 'INFO', status];

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
const post = (length: number, body = '', more = ''): string =>
  `POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n${body}`;

const chunked = (body: string): string => post(0, body).replace('Content-Length: 0', 'Transfer-Encoding: chunked');

interface Ending {
  readonly how: string;
  /** The text that the client sends first. */
  readonly sends: string;
  /** Steps after the client has sent the text. */
  readonly after?: (client: Socket, logs: CapturedLogs, running: Probe) => Promise<unknown>;
  readonly lines: readonly Line[];
  readonly on?: Server;
}

const EXPECT = 'Expect: 100-continue\r\n';
const responded = (client: Socket) => once(client, 'data'); // the server has received the head of the request
const disconnect = (client: Socket) => Promise.resolve(client.destroy());

/** Every way in which a request can end, with its access line. */
const ENDINGS: readonly Ending[] = [
  { how: 'a response with a body', sends: get('/handler'), lines: [completed(200)] },
  { how: 'a response without a body', sends: get('/status/204'), lines: [completed(204)] },
  { how: 'a response 304', sends: get('/status/304'), lines: [completed(304)] },
  { how: 'a HEAD request', sends: get('/handler').replace('GET', 'HEAD'), lines: [completed(200)] },
  { how: 'an upgrade that the server does not support', sends: get('/handler', 'Connection: upgrade\r\nUpgrade: x\r\n'), lines: [completed(200)] },
  { how: 'pipelined requests', sends: get('/handler') + get('/nowhere') + get('/crash'), lines: [completed(200), completed(404), failed(500)] },
  { how: 'a guard that refuses', sends: get('/handler', 'X-Refuse: 1\r\n'), lines: [completed(403)] },
  { how: 'an unknown path', sends: get('/nowhere'), lines: [completed(404)] },
  { how: 'a bad URL', sends: get('/pipe/%zz'), lines: [completed(400)] },
  { how: 'malformed JSON', sends: post(1, '{'), lines: [completed(400)] },
  { how: 'a body over the limit', sends: post(2_000, 'x'.repeat(2_000)), lines: [completed(413)] },
  { how: 'a Content-Length over the limit', sends: post(2_000), lines: [completed(413)], on: 'Fastify' },
  { how: 'an error in the handler', sends: get('/crash'), lines: [failed(500)] },
  { how: 'a stream that fails', sends: get('/stream/fails'), lines: [failed(500)] },
  { how: 'a handler that destroys the connection', sends: get('/cut'), lines: [failed(500)] },
  { how: 'a client that disconnects before its body', sends: post(10, '', EXPECT), after: async (client) => (await responded(client), disconnect(client)), lines: [aborted()] },
  { how: 'a client that disconnects during its body', sends: post(10, '', EXPECT), after: async (client) => (await responded(client), client.write('{"'), await delay(5), disconnect(client)), lines: [aborted()] },
  { how: 'a chunk that is not valid HTTP', sends: chunked('ZZ\r\n'), lines: [aborted(400)] },
  { how: 'a trailer that is not valid HTTP', sends: chunked('0\r\nbad trailer\r\n\r\n'), lines: [aborted(400)] },
  { how: 'trailers over the limit', sends: chunked(`0\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`), lines: [aborted(431)] },
  { how: 'a Transfer-Encoding that is not chunked', sends: chunked('').replace('chunked', 'identity'), lines: [aborted(400)] },
  { how: 'a client that disconnects before the response', sends: get('/wait'), after: async (client, logs) => (await logs.until('waiting'), disconnect(client)), lines: [aborted()] },
  { how: 'a client that disconnects during the response', sends: get('/stream/lasts'), after: async (client) => (await responded(client), disconnect(client)), lines: [aborted()] },
  { how: 'a process that closes its connections', sends: get('/wait'), after: async (_, logs, { server }) => (await logs.until('waiting'), server.closeAllConnections()), lines: [failed(500)] },
]; // prettier-ignore

/** Endings on a server with short timeouts. */
const LATE: readonly Ending[] = [
  { how: 'a body that does not arrive in time', sends: post(10, '{"'), lines: [aborted(408)] },
  { how: 'a handler that takes too long', sends: get('/hang'), lines: [failed(503)], on: 'Fastify' },
];

const linesOf = (logs: CapturedLogs): Line[] =>
  logs.records
    .filter(({ logger }) => logger === 'http')
    .map((record): Line => [record.event, record.level, Number(record['http.status_code'])]);

describe.each(SERVERS)('the access line of a request on %s', (server, adapter) => {
  let logs: CapturedLogs;
  let running: Probe;
  let release: () => void;
  const clients: Socket[] = [];

  beforeEach(() => {
    logs = captureLogs();
    probe.go = new Promise((resolve) => (release = resolve));
  });
  afterEach(() => {
    release();
    for (const client of clients.splice(0)) client.destroy();
    logs.restore();
  });

  const onThis = ({ on }: Ending): boolean => !on || on === server;

  const open = ({ port }: Probe, text: string): Socket => {
    const client = connect(port, '127.0.0.1').on('error', () => undefined);
    clients.push(client);
    client.write(text);
    return client.resume();
  };

  /** Returns the lines of the HTTP server after `count` lines and a wait for an unexpected extra line. */
  async function linesAfter(count: number): Promise<Line[]> {
    await pollUntil(() => linesOf(logs).length >= count);
    await delay(EXTRA_LINE_WAIT_MS);
    return linesOf(logs);
  }

  async function expectLines({ sends, after, lines }: Ending): Promise<void> {
    const client = open(running, sends);
    await after?.(client, logs, running);
    expect(await linesAfter(lines.length)).toEqual(lines);
    for (const record of logs.records.filter(({ logger }) => logger === 'http')) {
      expect(record).toMatchObject({ trace_id: expect.any(String), duration: expect.any(Number) });
    }
  }

  describe('with default timeouts', () => {
    beforeAll(async () => {
      using _quiet = captureLogs();
      running = await startProbe(adapter);
    });
    afterAll(() => running.app.close());

    it.each(ENDINGS.filter(onThis))('each request writes one access line: $how', expectLines);

    it('the check above detects a second access line', async () => {
      open(running, get('/handler') + get('/handler'));
      await expect(linesAfter(1)).resolves.not.toEqual([completed(200)]);
    });
  });

  describe('with short timeouts', () => {
    beforeAll(async () => {
      using _quiet = captureLogs();
      running = await startProbe(adapter, { requestMs: 100, handlerMs: 300 });
    });
    afterAll(() => running.app.close());

    it.each(LATE.filter(onThis))('a request that exceeds a timeout writes one access line: $how', expectLines);
  });

  it('a request that finishes while the process stops writes request_completed', async () => {
    running = await startProbe(adapter);
    open(running, get('/wait', 'Connection: close\r\n'));
    await logs.until('waiting');
    const closed = running.app.close();
    release();
    await closed;
    expect(await linesAfter(1)).toEqual([completed(200)]);
  });
});
