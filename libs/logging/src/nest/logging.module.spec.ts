import { Controller, Get, Module, Req, type DynamicModule, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { context } from '@pikaia/core';
import dns from 'node:dns';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor } from '../../../../test/support/time/wait-for.js';
import { captureLogs, type CapturedLogs } from '../testing/index.js';
import { LoggingModule } from './logging.module.js';

@Controller()
class IdController {
  @Get('id')
  id(): string {
    return context.correlationId;
  }

  /** Calls this service itself and returns the correlation id that the called request has. */
  @Get('call')
  async call(@Req() { raw }: { raw: IncomingMessage }): Promise<string> {
    return (await fetch(`http://${raw.headers.host}/id`)).text();
  }
}

describe('LoggingModule', () => {
  let app: INestApplication;
  let logs: CapturedLogs;

  beforeEach(() => void (logs = captureLogs()));
  afterEach(async () => {
    await app.close();
    logs.restore();
    jest.restoreAllMocks();
  });

  async function start(host: string, ...imports: DynamicModule[]): Promise<number> {
    @Module({ imports, controllers: [IdController] })
    class SpecModule {}
    app = await NestFactory.create(SpecModule, new FastifyAdapter(), { logger: false });
    await app.listen(0, host);
    return (app.getHttpServer() as { address(): AddressInfo }).address().port;
  }

  async function ask(url: string, headers: Record<string, string> = {}): Promise<Readonly<Record<string, unknown>>> {
    const before = logs.records.length;
    const answer = await fetch(url, { headers });
    expect(await answer.text()).toBe(answer.headers.get('x-correlation-id'));
    return waitFor('the access line', () => logs.records[before]);
  }

  it('writes one access line for each request if the module is imported twice', async () => {
    const port = await start('127.0.0.1', LoggingModule.forRoot(), LoggingModule.forRoot());
    for (const _ of [1, 2]) await ask(`http://127.0.0.1:${port}/id`);
    expect(logs.records.map(({ event }) => event)).toEqual(['request_completed', 'request_completed']);
  });

  it.each([
    ['of the request by default', {}, true],
    ['that is new if sendCorrelationId is false', { sendCorrelationId: false }, false],
  ])('an outgoing request has a correlation id %s', async (_, options, same) => {
    const port = await start('127.0.0.1', LoggingModule.forRoot(options));
    const answer = await fetch(`http://127.0.0.1:${port}/call`);
    expect((await answer.text()) === answer.headers.get('x-correlation-id')).toBe(same);
  });

  it('LOG_CORRELATION_HOSTS is checked at the start, whether it comes from the environment or from an option', () => {
    const refused = expect.objectContaining({ code: 'PIKAIA_CORRELATION_HOSTS_INVALID' });
    expect(() => LoggingModule.forRoot({ correlationHosts: 'https://x.example' })).toThrow(refused);
    process.env['LOG_CORRELATION_HOSTS'] = 'https://x.example';
    try {
      expect(() => LoggingModule.forRoot()).toThrow(refused);
      expect(() => LoggingModule.forRoot({ correlationHosts: '*.example' })).not.toThrow();
    } finally {
      delete process.env['LOG_CORRELATION_HOSTS'];
    }
  });

  it('writes access lines for each server that Fastify opens for a host name with several addresses', async () => {
    const lookup = dns.lookup as (name: string, options: dns.LookupOptions, done: (...found: unknown[]) => void) => void;
    const found = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));
    jest.spyOn(dns, 'lookup').mockImplementation(((name, options, done) => {
      if (name !== 'localhost') lookup(name, options, done);
      else if (options.all) done(null, found);
      else done(null, found[0]!.address, 4);
    }) as typeof lookup as never);
    const port = await start('localhost', LoggingModule.forRoot());
    for (const address of ['127.0.0.1', '127.0.0.2']) {
      expect(await ask(`http://${address}:${port}/id`)).toMatchObject({ event: 'request_completed', 'http.status_code': 200 });
    }
    expect(logs.records).toHaveLength(2);
  });

  it.each([
    [0, '127.0.0.1'],
    [1, '192.0.2.1'],
    ['127.0.0.0/8', '192.0.2.1'],
  ])('writes the client address for trusted proxies %p', async (trustedProxies, address) => {
    const port = await start('127.0.0.1', LoggingModule.forRoot({ trustedProxies }));
    const line = await ask(`http://127.0.0.1:${port}/id`, { 'x-forwarded-for': '192.0.2.1' });
    expect(line).toMatchObject({ 'network.client.ip': address });
  });

  it('forRoot throws PIKAIA_TRUSTED_PROXIES_INVALID for invalid trusted proxies', () => {
    expect(() => LoggingModule.forRoot({ trustedProxies: 'all' })).toThrow(
      expect.objectContaining({ code: 'PIKAIA_TRUSTED_PROXIES_INVALID' }),
    );
  });

  it('opens a context for each request and writes no access line if accessLog is false', async () => {
    const port = await start('127.0.0.1', LoggingModule.forRoot({ accessLog: false }));
    const answer = await fetch(`http://127.0.0.1:${port}/id`);
    expect(await answer.text()).toBe(answer.headers.get('x-correlation-id'));
    await app.close();
    expect(logs.records).toEqual([]);
  });

  it('works in an application without an HTTP server', async () => {
    const withoutServer = await NestFactory.createApplicationContext(LoggingModule.forRoot(), { logger: false });
    await withoutServer.close();
    await start('127.0.0.1', LoggingModule.forRoot());
  });
});
