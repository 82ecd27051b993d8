import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, enterContextAtRequest, newId, parseTrustedProxies, type Clock } from '@pikaia/core';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { getLogger } from '../logger.js';
import { configureLogging, isSampledOut } from '../output/log-output.js';
import { captureLogs, type CapturedLogs } from '../testing/index.js';
import { accessLog } from './access-log.js';

const SLOW_MS = 200;
const SAMPLED = '01a21068-9b8c-7395-96b1-293c3fffffff'; // the last 32 bits are below half of their range; those of SAMPLED_OUT are not
const SAMPLED_OUT = '01a21068-9b8c-7395-96b1-293c80000000';
const logger = getLogger('spec');

describe('infoSampleRate 0.5', () => {
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

  it('a request whose trace id is sampled writes all INFO lines', async () => {
    expect(await ask(SAMPLED, 200)).toEqual(['first', 'odd', 'second', 'request_completed', 'after_the_end']);
  });

  it('a request that is sampled out writes its warnings and its access line but no INFO lines', async () => {
    expect(await ask(SAMPLED_OUT, 200)).toEqual(['odd', 'request_completed']);
    expect(logs.of('request_completed')[0]).toMatchObject({ trace_id: SAMPLED_OUT, 'http.status_code': 200 });
  });

  it.each([
    ['fails', 500, 0, 'request_failed'],
    ['is slow', 200, SLOW_MS + 1, 'request_completed'],
  ])('a request that is sampled out writes all INFO and DEBUG lines if it %s', async (_how, status, takesMs, last) => {
    expect(await ask(SAMPLED_OUT, status, takesMs)).toEqual(['odd', 'first', 'detail', 'second', last, 'after_the_end']);
  });

  it('a request that is sampled out writes all INFO lines if the level is DEBUG', async () => {
    logs.restore();
    logs = captureLogs('debug');
    expect(await ask(SAMPLED_OUT, 200)).toEqual(['first', 'detail', 'odd', 'second', 'request_completed', 'after_the_end']);
  });

  it('a request that fails and is sampled out writes no INFO lines if the level excludes INFO', async () => {
    logs.restore();
    logs = captureLogs('warning');
    expect(await ask(SAMPLED_OUT, 500)).toEqual(['odd', 'detail', 'request_failed']);
  });

  it('INFO lines outside a request are always written', () => {
    context.run({ correlationId: SAMPLED_OUT }, () => logger.info('consumed'));
    logger.info('started');
    expect(logs.records.map(({ event }) => event)).toEqual(['consumed', 'started']);
  });

  it('a sample rate of 0.1 samples out about 90 percent of the trace ids', () => {
    configureLogging({ level: 'info', infoSampleRate: 0.1 });
    const left = Array.from({ length: 5_000 }, newId).filter(isSampledOut);
    expect(left.length / 5_000).toBeGreaterThan(0.87);
    expect(left.length / 5_000).toBeLessThan(0.93);
    configureLogging({});
    expect(left.filter(isSampledOut)).toEqual([]);
  });
});
