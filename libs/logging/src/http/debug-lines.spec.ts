import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ClsServiceManager } from 'nestjs-cls';
import { context, enterContextAtRequest, parseTrustedProxies, type Clock } from '@pikaia/core';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { getLogger } from '../logger.js';
import { configureLogging } from '../output/log-output.js';
import type { LogLevel } from '../record/log-level.js';
import { captureLogs, type CapturedLogs } from '../testing/index.js';
import { accessLog } from './access-log.js';

const SLOW_MS = 200;
const LIMIT = 64 * 1_024;
const logger = getLogger('spec');

describe('DEBUG lines of a request', () => {
  let logs: CapturedLogs;
  let server: Server;
  let handler: RequestListener;
  let now: number;
  let ended: number;
  const clock: Clock = { now: () => new Date(now), monotonic: () => now };

  beforeEach(async () => {
    now = 0;
    ended = 0;
    configureLogging({ clock, slowRequestMs: SLOW_MS });
    logs = captureLogs('info');
    server = createServer((request, response) => handler(request, response));
    enterContextAtRequest(server, parseTrustedProxies('0'), [
      accessLog(clock),
      (_request, response) => response.once('close', () => ended++), // after the access line
    ]);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    logs.restore();
  });

  const capture = (level: LogLevel): void => {
    logs.restore();
    logs = captureLogs(level);
  };
  const ask = async (work: RequestListener, requests = 1): Promise<string[]> => {
    handler = work;
    const { port } = server.address() as AddressInfo;
    const before = ended;
    const paths = Array.from({ length: requests }, (_, index) => `http://127.0.0.1:${port}/${index}`);
    await Promise.all(paths.map(async (url) => (await fetch(url)).text()));
    await pollUntil(() => ended === before + requests);
    return logs.records.map(({ event }) => event);
  };
  const work =
    (status: number, takesMs = 0): RequestListener =>
    (_request, response) => {
      logger.debug('first', { password: 'canary' });
      now += 1;
      logger.info('between');
      now += 1;
      logger.debug('second');
      now += takesMs;
      response.writeHead(status).end();
    };

  it('a failed request writes its DEBUG lines before its access line, in order, with their original times', async () => {
    expect(await ask(work(500, 5))).toEqual(['between', 'first', 'second', 'request_failed']);
    expect(logs.records.map(({ timestamp }) => String(timestamp).slice(-5))).toEqual(['.001Z', '.000Z', '.002Z', '.007Z']);
    expect(logs.of('first')[0]).toMatchObject({ level: 'DEBUG', 'http.url_details.path': '/0', password: '[redacted]' });
    expect(new Set(logs.records.map((record) => record['trace_id'])).size).toBe(1);
  });

  it('a request writes its DEBUG lines if it takes longer than the limit, and not if it takes exactly the limit', async () => {
    expect(await ask(work(200, SLOW_MS - 2))).toEqual(['between', 'request_completed']);
    logs.clear();
    expect(await ask(work(200, SLOW_MS - 1))).toEqual(['between', 'first', 'second', 'request_completed']);
  });

  it.each([200, 404])('a request that ends with status %s drops its DEBUG lines', async (status) => {
    expect(await ask(work(status))).toEqual(['between', 'request_completed']);
  });

  it('a failed request writes its own DEBUG lines and none of concurrent requests', async () => {
    const all = 8;
    let arrived = 0;
    let open!: () => void;
    const allArrived = new Promise<void>((resolve) => (open = resolve));
    await ask((request, response) => {
      void (async () => {
        logger.debug('asked', { asked: request.url });
        if (++arrived === all) open();
        await allArrived;
        logger.debug('answered', { asked: request.url });
        response.writeHead(request.url === '/3' ? 500 : 200).end();
      })();
    }, all);
    const trace_id = logs.of('request_failed')[0]!['trace_id'];
    expect([...logs.of('asked'), ...logs.of('answered')]).toMatchObject([
      { asked: '/3', trace_id },
      { asked: '/3', trace_id },
    ]);
  });

  it('DEBUG lines written inside a copy of the CLS store, as in a transaction, belong to the request', async () => {
    const events = await ask((_request, response) => {
      ClsServiceManager.getClsService().run({ ifNested: 'inherit' }, () => logger.debug('inside'));
      context.run({}, () => logger.debug('elsewhere')); // a separate context, which has no access line
      response.writeHead(500).end();
    });
    expect(events).toEqual(['inside', 'request_failed']);
  });

  it('DEBUG lines written after the end of a failed request are dropped', async () => {
    let later!: () => void;
    const written = new Promise<void>((resolve) => (later = resolve));
    await ask((_request, response) => {
      response.writeHead(500).end();
      response.once('close', () => setImmediate(() => (logger.debug('after_the_end'), later())));
    });
    await written;
    expect(await ask(work(500))).toEqual(['request_failed', 'between', 'first', 'second', 'request_failed']);
  });

  it('a failed request writes the last 64 KiB of its DEBUG lines and the number of dropped ones', async () => {
    const count = 200;
    await ask((_request, response) => {
      for (let index = 0; index < count; index++) logger.debug('worked', { index, text: 'é'.repeat(500) });
      response.writeHead(500).end();
    });
    const kept = logs.of('worked').map((record) => record['index'] as number);
    const bytes = Buffer.byteLength(logs.lines.filter((line) => line.includes('"worked"')).join(''));
    expect(bytes).toBeLessThanOrEqual(LIMIT);
    expect(bytes).toBeGreaterThan(LIMIT - 2_000);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => count - kept.length + index));
    expect(logs.records[0]).toMatchObject({ event: 'debug_lines_dropped', level: 'DEBUG', count: count - kept.length });
  });

  it.each<[LogLevel, string[]]>([
    ['debug', ['first', 'between', 'second', 'request_failed']],
    ['error', ['first', 'second', 'request_failed']],
    ['critical', []],
  ])('a failed request at level %s writes %j', async (level, events) => {
    capture(level);
    expect(await ask(work(500))).toEqual(events);
  });
});
