import {
  Controller,
  Get,
  Injectable,
  Logger,
  Module,
  Param,
  Req,
  type DynamicModule,
  type INestApplication,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { context } from '@pikaia/core';
import dns from 'node:dns';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor } from '../../../../test/support/time/wait-for.js';
import { InjectPinoLogger, Logger as PinoNestLogger, PinoLogger } from 'nestjs-pino';
import { getLogger } from '../logger.js';
import { configureLogging } from '../output/log-output.js';
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

const THROWN: Readonly<Record<string, unknown>> = { null: null, text: 'no funds', object: { error: 'no funds' } };

@Injectable()
class Orders {
  constructor(
    private readonly logger: PinoLogger,
    @InjectPinoLogger('Stock') private readonly stock: PinoLogger,
  ) {
    this.logger.setContext('Orders');
  }

  place(): void {
    this.logger.info({ order: 5 }, 'placed for %s', 'bob');
    this.stock.warn('low');
    this.logger.error(new Error('no paper'), 'not printed');
  }
}

@Controller()
class PinoController {
  constructor(
    private readonly logger: PinoLogger,
    private readonly orders: Orders,
  ) {}

  @Get('place')
  place(): void {
    this.orders.place();
  }

  @Get('assign/:user')
  async assign(@Param('user') user: string): Promise<string> {
    getLogger('spec').info('before');
    this.logger.assign({ user, password: 'p', level: 'forged' });
    this.logger.assign({ step: 1 });
    await new Promise(setImmediate);
    getLogger('spec').info('after', { step: 2 });
    this.logger.runInContext(() => {
      this.logger.assign({ inner: true });
      this.logger.info('inside');
    });
    return user;
  }

  @Get('throw/:what')
  throw(@Param('what') what: string): void {
    throw THROWN[what];
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
    logs.clear(); // the line of the start
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

  describe('with the loggers of nestjs-pino', () => {
    let url: string;

    beforeEach(async () => {
      @Module({ imports: [LoggingModule.forRoot()], controllers: [PinoController], providers: [Orders] })
      class PinoModule {}
      app = await NestFactory.create(PinoModule, new FastifyAdapter());
      await app.listen(0, '127.0.0.1');
      url = await app.getUrl();
      logs.clear();
    });

    it('writes the calls of PinoLogger and InjectPinoLogger with text, fields, context and error', async () => {
      await fetch(`${url}/place`);
      await logs.until('request_completed', {});
      expect(logs.of('nest_message')).toMatchObject([
        { level: 'INFO', logger: 'Orders', message: 'placed for bob', order: 5, trace_id: expect.any(String) },
        { level: 'WARNING', logger: 'Stock', message: 'low' },
        { level: 'ERROR', logger: 'Orders', message: 'not printed', 'error.message': 'no paper' },
      ]);
    });

    it('adds the fields of PinoLogger.assign to the later lines of the request and to its access line, and to no other', async () => {
      const users = Array.from({ length: 20 }, (_, index) => `u${index}`);
      await Promise.all(users.map((user) => fetch(`${url}/assign/${user}`)));
      await fetch(`${url}/place`);
      await waitFor('all access lines', () => logs.of('request_completed').length === 21);
      for (const user of users) {
        const { trace_id } = logs.records.find((line) => line['user'] === user)!;
        const [before, after, inside, access] = logs.records.filter((line) => line['trace_id'] === trace_id);
        expect(before).not.toHaveProperty('user');
        expect(after).toMatchObject({
          event: 'after',
          user,
          password: '[redacted]',
          'extra.level': 'forged',
          step: 2,
          'extra.step': 1,
        });
        expect(inside).toMatchObject({ message: 'inside', inner: true, user });
        expect(access).toMatchObject({ event: 'request_completed', user, step: 1 });
        expect(access).not.toHaveProperty('inner');
      }
      expect(logs.records.at(-1)).not.toHaveProperty('user');
    });

    it('refuses PinoLogger.assign outside a context', async () => {
      const logger = await app.resolve(PinoLogger);
      expect(() => logger.assign({ a: 1 })).toThrow('unable to assign extra fields out of request scope');
      context.run({}, () => {
        logger.assign({ a: 1 });
        logger.info('in a context');
      });
      logger.info('outside');
      expect(logs.records).toMatchObject([{ message: 'in a context', a: 1 }, { message: 'outside' }]);
      expect(logs.records[1]).not.toHaveProperty('a');
    });

    it.each([
      ['null', 'null', 'null'],
      ['text', 'string', 'no funds'],
      ['object', 'Object', '{"error":"no funds"}'],
    ])('writes kind and content of a thrown value that is not an error: %s', async (what, kind, message) => {
      await fetch(`${url}/throw/${what}`);
      await logs.until('request_failed', {});
      logs.one('nest_message', { level: 'ERROR', logger: 'ExceptionsHandler', 'error.kind': kind, 'error.message': message });
    });

    it('reads the arguments of Nest also after app.useLogger(app.get(Logger))', () => {
      app.useLogger(app.get(PinoNestLogger));
      new Logger('Members').error('x', new Error('boom'));
      logs.one('nest_message', { logger: 'Members', message: 'x', 'error.message': 'boom' });
    });
  });

  it('writes one line at the start with service, version, environment, level and format, also if the module is imported twice', async () => {
    logs.restore();
    const options = { service: 'shop', version: '1.2.3', env: 'spec', format: 'json', level: 'info' } as const;
    @Module({ imports: [LoggingModule.forRoot(), LoggingModule.forRoot(options)] })
    class TwiceModule {}
    logs = captureLogs('info');
    app = await NestFactory.create(TwiceModule, new FastifyAdapter());
    await app.init();
    expect(logs.records).toEqual([]); // the server can still fail
    await app.listen(0, '127.0.0.1');
    const origin = { service: 'shop', version: '1.2.3', env: 'spec' };
    logs.one('application_started', { level: 'INFO', logger: 'application', log_level: 'info', log_format: 'json', ...origin });
    expect(logs.records).toHaveLength(1);
    configureLogging({});
  });

  it('works in an application without an HTTP server', async () => {
    const withoutServer = await NestFactory.createApplicationContext(LoggingModule.forRoot(), { logger: false });
    await withoutServer.close();
    logs.one('application_started');
    await start('127.0.0.1', LoggingModule.forRoot());
  });
});
