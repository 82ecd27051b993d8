import { Module, type DynamicModule, type LoggerService } from '@nestjs/common';
import { Logger, LoggerModule, PinoLogger, type Params } from 'nestjs-pino';
import { pinoBridge } from './pino-bridge.js';

const params: Params = { pinoHttp: { logger: pinoBridge, autoLogging: false }, forRoutes: [] };

/** nestjs-pino on our records: its Logger and PinoLogger can be injected; its middleware, which costs half the throughput, is left out. */
@Module({})
export class LoggingModule {
  static forRoot(): DynamicModule {
    return { module: LoggingModule, global: true, imports: [LoggerModule.forRoot(params)], exports: [LoggerModule] };
  }
}

/** Nest's own logger, for `NestFactory.create(…, { logger: nestLogger() })`: what Nest says from its first line on becomes records. */
export const nestLogger = (): LoggerService => new Logger(new PinoLogger(params), params);
