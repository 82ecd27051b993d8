import { eventually } from '../../../../test/support/until.js';
import { EventEmitter } from 'node:events';
import { Agent, request as send, type IncomingHttpHeaders } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  Body,
  Catch,
  Controller,
  ForbiddenException,
  Get,
  HttpException,
  Injectable,
  Module,
  Param,
  Post,
  UseFilters,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { context } from '@pikaia/core';
import fc from 'fast-check';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { tap } from 'rxjs';
import { getLogger, type Logger } from '../logger.js';
import { LoggingModule, nestLogger } from '../nest/logging.module.js';
import { captureLogs, type CapturedLogs, type CapturedRecord } from '../testing/index.js';

const logger = getLogger('app');
const emitter = new EventEmitter().on('happened', () => logger.info('in_event_emitter'));
const ID = 'a2bbd1f0-52d3-4bb5-9d3e-5f0c6f0c9b11';
const USERS = 200;
const HANDLER_TIMEOUT_MS = 1_000;

const fastifyOptions = { bodyLimit: 1_000, handlerTimeout: HANDLER_TIMEOUT_MS, routerOptions: { maxParamLength: 300 } };

/** Two ways to lose the context that code under review could have; the concurrent check below must see both. */
const leaks: { mode: 'none' | 'variable' | 'mutated'; current: string; fields: Record<string, unknown>; logger: Logger } = {
  mode: 'none',
  current: '',
  fields: {},
  logger,
};

@Injectable()
class Guard implements CanActivate {
  canActivate(execution: ExecutionContext): boolean {
    const { headers } = execution.switchToHttp().getRequest<FastifyRequest>();
    const user = headers['x-user'];
    if (typeof user === 'string') {
      context.bind({ actor: { type: 'user', id: user, email: `${user}@example.com` }, organizationId: `org of ${user}` });
      leaks.current = user;
    }
    logger.info('in_guard');
    if (headers['x-refuse']) throw new ForbiddenException();
    return true;
  }
}

class Interceptor implements NestInterceptor {
  intercept(_execution: ExecutionContext, next: CallHandler) {
    logger.info('before_handler');
    return next.handle().pipe(tap(() => logger.info('after_handler')));
  }
}

class Pipe implements PipeTransform {
  transform(value: unknown): unknown {
    logger.info('in_pipe');
    return value;
  }
}

@Catch()
class Filter implements ExceptionFilter {
  catch(error: Error, host: ArgumentsHost): void {
    logger.exception('in_filter', error);
    const status = error instanceof HttpException ? error.getStatus() : 500;
    void host.switchToHttp().getResponse<FastifyReply>().status(status).send({});
  }
}

async function* numbers(): AsyncGenerator<number> {
  for (const number of [1, 2]) {
    await delay(1);
    logger.info('in_generator');
    yield number;
  }
}

@Controller()
@UseInterceptors(Interceptor)
class SpecController {
  @Get('everything/:id')
  async everything(@Param('id', Pipe) id: string): Promise<string> {
    emitter.emit('happened');
    for await (const number of numbers()) logger.debug('got_number', { number });
    setTimeout(() => logger.info('after_response'), 20);
    return id;
  }

  @Post('body')
  body(@Body() body: unknown): unknown {
    return body;
  }

  @Get('fail')
  @UseFilters(Filter)
  fail(): never {
    throw new Error('no');
  }

  @Get('crash')
  crash(): never {
    throw new Error('nobody catches this but Nest');
  }

  @Get('hang')
  hang(): Promise<never> {
    return new Promise(() => undefined);
  }

  @Get('slow/:pauses')
  async slow(@Param('pauses') pauses: string): Promise<string> {
    const user = context.actor!.id;
    if (leaks.mode === 'mutated') leaks.fields['claimed'] = user;
    for (const pause of pauses.split('-')) {
      await delay(Number(pause));
      if (leaks.mode === 'mutated') logger.info('slept', leaks.fields);
      else logger.info('slept', { claimed: leaks.mode === 'variable' ? leaks.current : user });
    }
    return user;
  }
}

@Module({
  imports: [LoggingModule.forRoot()],
  controllers: [SpecController],
  providers: [{ provide: APP_GUARD, useClass: Guard }],
})
class SpecModule {}

describe('the context of a request', () => {
  let app: INestApplication;
  let logs: CapturedLogs;
  let port: number;
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });

  beforeAll(async () => {
    logs = captureLogs();
    app = await NestFactory.create(SpecModule, new FastifyAdapter(fastifyOptions), {
      logger: nestLogger(),
    });
    await app.listen(0, '127.0.0.1');
    ({ port } = (app.getHttpServer() as { address(): AddressInfo }).address());
  });
  beforeEach(() => {
    logs.clear();
    leaks.mode = 'none';
  });
  afterAll(async () => {
    agent.destroy();
    await app.close();
    logs.restore();
  });

  interface Answer {
    status: number;
    headers: IncomingHttpHeaders;
    trace: string;
  }
  interface Question {
    method?: string;
    headers?: Record<string, string>;
    body?: string;
    through?: Agent;
  }
  const ask = (path: string, { method = 'GET', headers = {}, body, through = agent }: Question = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const call = send({ port, path, method, headers, agent: through }, (response) => {
        const answer = { status: response.statusCode!, headers: response.headers };
        response.resume().on('end', () => resolve({ ...answer, trace: String(response.headers['x-correlation-id']) }));
      });
      call.on('error', reject).end(body);
    });

  const access = (): CapturedRecord[] => logs.records.filter(({ event }) => event.startsWith('request_'));
  const eventsOf = (trace: string): string[] =>
    logs.records.filter((each) => each['trace_id'] === trace).map(({ event }) => event);

  it('reaches guard, pipe, interceptor, generator, emitter, timers after the response, and the access line', async () => {
    const { trace } = await ask('/everything/7?token=secret', { headers: { 'x-user': 'u1' } });
    await eventually(() => logs.of('after_response').length === 1);
    expect(eventsOf(trace).filter((event) => event !== 'got_number')).toEqual([
      'in_guard',
      'before_handler',
      'in_pipe',
      'in_event_emitter',
      'in_generator',
      'in_generator',
      'after_handler',
      'request_completed',
      'after_response',
    ]);
    expect(logs.records).toHaveLength(11);
    for (const record of logs.records) expect(record).toMatchObject({ 'usr.id': 'u1', 'organization.id': 'org of u1' });
    expect(logs.lines.join('')).not.toContain('secret');
  });

  it('reaches a filter, and what Nest says about an error that no filter takes', async () => {
    const caught = await ask('/fail');
    const uncaught = await ask('/crash');
    await eventually(() => access().length === 2);
    expect(eventsOf(caught.trace)).toEqual(['in_guard', 'before_handler', 'in_filter', 'request_failed']);
    expect(eventsOf(uncaught.trace)).toEqual(['in_guard', 'before_handler', 'nest_message', 'request_failed']);
    expect(logs.of('nest_message')[0]).toMatchObject({ level: 'ERROR', 'error.message': 'nobody catches this but Nest' });
  });

  it.each<[string, number, string, Question]>([
    ['an unknown path', 404, '/nowhere', {}],
    ['malformed JSON', 400, '/body', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' }],
    [
      'a body over the limit',
      413,
      '/body',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: `"${'x'.repeat(2e3)}"` },
    ],
    ['a media type that nobody reads', 415, '/body', { method: 'POST', headers: { 'content-type': 'x/y' }, body: 'x' }],
    ['a bad URL', 400, '/everything/%zz', {}],
    ['a parameter that is too long', 414, `/everything/${'x'.repeat(400)}`, {}],
    ['a refusal by the guard', 403, '/fail', { headers: { 'x-refuse': '1' } }],
  ])('covers %s: one access line, and the id in the answer', async (_title, status, path, question) => {
    const answer = await ask(path, { ...question, headers: { ...question.headers, 'X-Correlation-ID': ID.toUpperCase() } });
    await eventually(() => access().length === 1);
    expect(answer).toMatchObject({ status, trace: ID });
    expect(access()[0]).toMatchObject({ event: 'request_completed', trace_id: ID, 'trace.origin': 'client' });
    expect(access()[0]).toMatchObject({ 'http.status_code': answer.status, duration: expect.any(Number) });
  });

  it('puts an id of its own for one that is no UUID, also on a 404', async () => {
    const { trace } = await ask('/nowhere', { headers: { 'X-Correlation-ID': 'not-a-uuid' } });
    expect(trace).toMatch(/^[0-9a-f-]{36}$/);
    await eventually(() => access().length === 1);
    expect(access()[0]).not.toHaveProperty(['trace.origin']);
  });

  it('does not outlive its request on a connection that another user goes on using', async () => {
    const single = new Agent({ keepAlive: true, maxSockets: 1 });
    const first = await ask('/everything/1', { headers: { 'x-user': 'u1' }, through: single });
    const second = await ask('/everything/2', { headers: { 'x-user': 'u2' }, through: single });
    const third = await ask('/everything/3', { through: single });
    single.destroy();
    await eventually(() => logs.of('after_response').length === 3);
    const users = (trace: string) =>
      new Set(logs.records.filter((each) => each['trace_id'] === trace).map((each) => each['usr.id']));
    expect([...users(first.trace)]).toEqual(['u1']);
    expect([...users(second.trace)]).toEqual(['u2']);
    expect([...users(third.trace)]).toEqual([undefined]);
  });

  it('covers a handler that takes too long', async () => {
    const { status, trace } = await ask('/hang', { headers: { 'x-user': 'u1' } });
    await eventually(() => access().length === 1);
    expect(access()[0]).toMatchObject({ event: 'request_failed', trace_id: trace, 'usr.id': 'u1', 'http.status_code': status });
    for (const record of logs.records) expect(record).toMatchObject({ trace_id: trace });
  });

  it('ends in one request_aborted when the client goes away, with the user that was bound', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /slow/50 HTTP/1.1\r\nHost: x\r\nX-User: u1\r\n\r\n');
    await eventually(() => logs.of('before_handler').length === 1);
    socket.destroy();
    await eventually(() => logs.of('slept').length === 1);
    expect(access()).toEqual([expect.objectContaining({ event: 'request_aborted', 'http.status_code': 499, 'usr.id': 'u1' })]);
    expect(logs.of('slept')[0]).toMatchObject({ 'usr.id': 'u1' });
  });

  const wrongLines = async (pausesOf: readonly (readonly number[])[]): Promise<CapturedRecord[]> => {
    logs.clear();
    await Promise.all(pausesOf.map((pauses, index) => ask(`/slow/${pauses.join('-')}`, { headers: { 'x-user': `u${index}` } })));
    await eventually(() => access().length === pausesOf.length);
    const userOf = new Map(access().map((record) => [record['trace_id'], record['usr.id']]));
    expect(new Set(userOf.values()).size).toBe(pausesOf.length);
    expect(logs.of('slept')).toHaveLength(pausesOf.flat().length);
    return logs.records.filter((record) => {
      const user = userOf.get(record['trace_id']);
      return record['usr.id'] !== user || record['usr.email'] !== `${user}@example.com` || (record['claimed'] ?? user) !== user;
    });
  };
  const delays = (runs: number) =>
    fc.sample(fc.array(fc.array(fc.nat(15), { minLength: 1, maxLength: 4 }), { minLength: USERS, maxLength: USERS }), {
      seed: 15,
      numRuns: runs,
    });

  it(`is on every line of ${USERS} users at once its own`, async () => {
    for (const pauses of delays(3)) expect(await wrongLines(pauses)).toEqual([]);
  });

  it.each(['variable', 'mutated'] as const)('(the check above sees a planted leak: %s)', async (mode) => {
    leaks.mode = mode;
    expect(await wrongLines(delays(1)[0]!)).not.toEqual([]);
  });
});
