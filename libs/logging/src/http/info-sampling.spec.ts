import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, enterContextAtRequest, newId, parseTrustedProxies, type Clock } from '@pikaia/core';
import { pollUntil } from '../../../../test/support/until.js';
import { getLogger } from '../logger.js';
import { configureLogging, isSampledOut } from '../output/log-output.js';
import { captureLogs, type CapturedLogs } from '../testing/index.js';
import { accessLog } from './access-log.js';

const SLOW_MS = 200;
const KEPT = '01a21068-9b8c-7395-96b1-293c3fffffff'; // its last 32 bits are below a half, and those of the other are not
const LEFT_OUT = '01a21068-9b8c-7395-96b1-293c80000000';
const logger = getLogger('spec');

describe('INFO lines where half of the requests are sampled', () => {
  let logs: CapturedLogs;
  let server: Server;
  let now: number;
  let later: number;
  const clock: Clock = { now: () => new Date(now), monotonic: () => now };

  const handler: RequestListener = (request, response) => {
    const [, status, takesMs] = request.url!.split('/');
    logger.info('first');
    logger.debug('detail');
    logger.warning('odd');
    setImmediate(() => {
      logger.child({ from: 'a child' }).info('second');
      now += Number(takesMs);
      response.writeHead(Number(status)).end();
    });
    response.once('close', () => setImmediate(() => (logger.info('after_the_end'), later++)));
  };

  beforeEach(async () => {
    now = later = 0;
    configureLogging({ clock, slowRequestMs: SLOW_MS, infoSampleRate: 0.5 });
    logs = captureLogs('info');
    server = createServer(handler);
    enterContextAtRequest(server, parseTrustedProxies('0'), [accessLog(clock)]);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    logs.restore();
    configureLogging({});
  });

  const ask = async (id: string, status: number, takesMs = 0): Promise<string[]> => {
    const { port } = server.address() as AddressInfo;
    const headers = { 'x-correlation-id': id };
    await (await fetch(`http://127.0.0.1:${port}/${status}/${takesMs}`, { headers })).text();
    await pollUntil(() => later === 1);
    return logs.records.map(({ event }) => event);
  };

  it('are all written for a request whose trace id says so', async () => {
    expect(await ask(KEPT, 200)).toEqual(['first', 'odd', 'second', 'request_completed', 'after_the_end']);
  });

  it('are none for the others, whose warnings and access line stay', async () => {
    expect(await ask(LEFT_OUT, 200)).toEqual(['odd', 'request_completed']);
    expect(logs.of('request_completed')[0]).toMatchObject({ trace_id: LEFT_OUT, 'http.status_code': 200 });
  });

  it.each([
    ['fails', 500, 0, 'request_failed'],
    ['is slow', 200, SLOW_MS + 1, 'request_completed'],
  ])('are all written, with those at DEBUG, when it %s', async (_how, status, takesMs, last) => {
    expect(await ask(LEFT_OUT, status, takesMs)).toEqual(['odd', 'first', 'detail', 'second', last, 'after_the_end']);
  });

  it('are all written where DEBUG is on', async () => {
    logs.restore();
    logs = captureLogs('debug');
    expect(await ask(LEFT_OUT, 200)).toEqual(['first', 'detail', 'odd', 'second', 'request_completed', 'after_the_end']);
  });

  it('are none where the level leaves INFO out, also of one that fails', async () => {
    logs.restore();
    logs = captureLogs('warning');
    expect(await ask(LEFT_OUT, 500)).toEqual(['odd', 'detail', 'request_failed']);
  });

  it('are all written outside a request', () => {
    context.run({ correlationId: LEFT_OUT }, () => logger.info('consumed'));
    logger.info('started');
    expect(logs.records.map(({ event }) => event)).toEqual(['consumed', 'started']);
  });

  it('are of about the share that was asked for', () => {
    configureLogging({ level: 'info', infoSampleRate: 0.1 });
    const left = Array.from({ length: 5_000 }, newId).filter(isSampledOut);
    expect(left.length / 5_000).toBeGreaterThan(0.87);
    expect(left.length / 5_000).toBeLessThan(0.93);
    configureLogging({});
    expect(left.filter(isSampledOut)).toEqual([]);
  });
});
