import { AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import {
  BadRequestException,
  Body,
  Catch,
  Controller,
  ForbiddenException,
  Get,
  HttpCode,
  HttpException,
  Injectable,
  Module,
  Param,
  Post,
  RequestTimeoutException,
  Res,
  UseFilters,
  UseInterceptors,
  ValidationPipe,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { context } from '@pikaia/core';
import { getLogger, LoggingModule } from '@pikaia/logging';
import { IsInt } from 'class-validator';
import type { Pool } from 'pg';
import { catchError, tap, throwError, timeout } from 'rxjs';

const logger = getLogger('app');
const emitter = new EventEmitter().on('happened', () => logger.info('in_event_emitter'));
const doNothing = (): void => undefined;

/** Settings of the probe. `planted` selects a way to lose the context, which the checks must detect. */
export const probe: {
  pool: Pool | undefined;
  planted: 'none' | 'outside' | 'variable' | 'mutated';
  current: string;
  fields: Record<string, unknown>;
  /** The `wait` route responds after this promise resolves. */
  go: Promise<void>;
} = { pool: undefined, planted: 'none', current: '', fields: {}, go: Promise.resolve() };

interface HttpReply {
  status(status: number): HttpReply;
  send(body: unknown): void;
}

type Reply = ServerResponse & { readonly raw?: ServerResponse; hijack?(): void };

/** The response object of Node, for a handler that writes the response directly. */
function rawResponse(reply: Reply): ServerResponse {
  reply.hijack?.();
  return reply.raw ?? reply;
}

@Injectable()
class Guard implements CanActivate {
  canActivate(execution: ExecutionContext): boolean {
    const { headers } = execution.switchToHttp().getRequest<{ headers: IncomingHttpHeaders }>();
    const user = headers['x-user'];
    if (typeof user === 'string') {
      context.bind({ actor: { type: 'user', id: user, email: `${user}@example.com` }, organizationId: `org of ${user}` });
      probe.current = user;
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

class TimeLimit implements NestInterceptor {
  intercept(_execution: ExecutionContext, next: CallHandler) {
    const late = () => {
      logger.info('in_time_limit');
      return throwError(() => new RequestTimeoutException());
    };
    return next.handle().pipe(timeout(20), catchError(late));
  }
}

class Pipe implements PipeTransform {
  transform(value: unknown): unknown {
    logger.info('in_pipe');
    return value;
  }
}

class CountBody {
  @IsInt()
  count!: number;
}

const validation = new ValidationPipe({
  expectedType: CountBody,
  exceptionFactory: () => {
    logger.info('in_validation');
    return new BadRequestException();
  },
});

@Catch()
class Filter implements ExceptionFilter {
  catch(error: Error, host: ArgumentsHost): void {
    logger.exception('in_filter', error);
    const status = error instanceof HttpException ? error.getStatus() : 500;
    host.switchToHttp().getResponse<HttpReply>().status(status).send({});
  }
}

async function* numbers(): AsyncGenerator<number> {
  for (const number of [1, 2]) {
    await delay(1);
    logger.info('in_generator');
    yield number;
  }
}

async function* rows(fails: boolean): AsyncGenerator<string> {
  for (let row = 0; row < 3 || !fails; row++) {
    yield 'x'.repeat(1_000);
    await delay(2);
  }
  throw new Error('no more rows');
}

/** One route for each place that can write a log line, and for each way in which a request can end. */
@Controller()
class ProbeController {
  @Get('handler')
  handler(): string {
    if (probe.planted === 'outside') context.exit(() => logger.info('in_handler'));
    else logger.info('in_handler');
    return 'ok';
  }

  @Get('interceptor')
  @UseInterceptors(Interceptor)
  interceptor(): string {
    return 'ok';
  }

  @Get('pipe/:id')
  pipe(@Param('id', Pipe) id: string): string {
    return id;
  }

  @Get('emitter')
  emitter(): string {
    emitter.emit('happened');
    return 'ok';
  }

  @Get('generator')
  async generator(): Promise<string> {
    for await (const _ of numbers());
    return 'ok';
  }

  @Get('timer')
  timer(): string {
    setTimeout(() => logger.info('after_response'), 20);
    return 'ok';
  }

  @Post('body')
  @HttpCode(200)
  body(@Body(validation) body: CountBody): number {
    logger.info('in_handler');
    return body.count;
  }

  @Get('fail')
  @UseFilters(Filter)
  fail(): never {
    throw new Error('no');
  }

  @Get('crash')
  crash(): never {
    throw new Error('caught only by Nest');
  }

  @Get('hang')
  hang(): Promise<never> {
    return new Promise(doNothing);
  }

  @Get('limited')
  @UseInterceptors(TimeLimit)
  limited(): Promise<never> {
    return new Promise(doNothing);
  }

  /** Sleeps for each of the given durations in milliseconds and logs a line after each. */
  @Get('slow/:pauses')
  async slow(@Param('pauses') pauses: string): Promise<string> {
    const user = context.actor!.id;
    if (probe.planted === 'mutated') probe.fields['claimed'] = user;
    for (const pause of pauses.split('-')) {
      await delay(Number(pause));
      if (probe.planted === 'mutated') logger.info('slept', probe.fields);
      else logger.info('slept', { claimed: probe.planted === 'variable' ? probe.current : user });
    }
    return user;
  }

  /** Logs in a callback of a pool, which can run in the context of another request. */
  @Get('pool/:how')
  async pool(@Param('how') how: string): Promise<string> {
    const say = (): void => logger.info('in_pool_callback');
    const sql = 'select pg_sleep(0.002)';
    if (how === 'promise') await probe.pool!.query(sql).then(say);
    else {
      await new Promise<void>((done) => {
        const inside = { raw: say, neutral: () => context.exit(say), bound: AsyncResource.bind(say) }[how]!;
        probe.pool!.query(sql, () => (inside(), done()));
      });
    }
    return 'ok';
  }

  @Get('status/:status')
  status(@Param('status') status: string, @Res() reply: Reply): void {
    rawResponse(reply).writeHead(Number(status)).end();
  }

  @Get('wait')
  async wait(): Promise<string> {
    logger.info('waiting');
    await probe.go;
    return 'ok';
  }

  @Get('stream/:end')
  async stream(@Param('end') end: string, @Res() reply: Reply): Promise<void> {
    const raw = rawResponse(reply);
    logger.info('waiting');
    await pipeline(Readable.from(rows(end === 'fails')), raw).catch(() => logger.info('stream_broke'));
  }

  @Get('cut')
  cut(@Res() reply: Reply): void {
    rawResponse(reply).destroy();
  }
}

@Module({
  imports: [LoggingModule.forRoot()],
  controllers: [ProbeController],
  providers: [{ provide: APP_GUARD, useClass: Guard }],
})
export class ProbeModule {}
