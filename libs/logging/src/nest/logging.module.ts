import {
  Inject,
  Logger as NestLogger,
  Module,
  type DynamicModule,
  type LoggerService,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { parseTrustedProxies, sendCorrelationId, systemClock } from '@pikaia/core';
import { Logger, LoggerModule, PinoLogger, type Params } from 'nestjs-pino';
import type { Server } from 'node:http';
import { configureLogging, type LoggingOptions } from '../output/log-output.js';
import { pinoBridge } from './pino-bridge.js';
import { enableRequestLogging, type RequestLoggingOptions } from './request-logging.js';

export interface LoggingModuleOptions extends LoggingOptions {
  /** Who may add to X-Forwarded-For: a number of hops, or networks (`10.0.0.0/8,fd00::/8`). Default 0, nobody. */
  readonly trustedProxies?: string | number;
  /** One line for each request, and one for what is no request. Default true. */
  readonly accessLog?: boolean;
  /** Whether requests that the process makes carry the correlation id of their context. Default true. */
  readonly sendCorrelationId?: boolean;
}

const REQUEST_LOGGING = Symbol('pikaia.logging.entrance');
const SENDS_CORRELATION_ID = Symbol('pikaia.logging.sends-correlation-id');

const pinoParams: Params = { pinoHttp: { logger: pinoBridge, autoLogging: false }, forRoutes: [] };

/**
 * All of logging for a Nest application, on Fastify or Express: each request has its context, from where Node emits it,
 * and its access line, and what it asks of others carries its correlation id; what Nest says becomes records; nestjs-pino's
 * Logger and PinoLogger can be injected.
 * nestjs-pino's middleware, which costs half the throughput, is left out.
 */
@Module({})
export class LoggingModule implements OnModuleInit, OnApplicationShutdown {
  private stopSending = (): void => undefined;

  constructor(
    private readonly host: HttpAdapterHost,
    @Inject(REQUEST_LOGGING) private readonly entrance: RequestLoggingOptions,
    @Inject(SENDS_CORRELATION_ID) private readonly sends: boolean,
  ) {}

  /**
   * Takes effect at once, before the application is created, so that its first line has the form already: the output of
   * the process is configured (or stays as it is, if no option speaks of it), and Nest's default logger replaced. A
   * `logger` given to NestFactory wins.
   *
   * @throws PikaiaError `PIKAIA_TRUSTED_PROXIES_INVALID`
   */
  static forRoot(options: LoggingModuleOptions = {}): DynamicModule {
    const { trustedProxies = 0, accessLog: log = true, sendCorrelationId: sends = true, ...output } = options;
    const entrance: RequestLoggingOptions = {
      trusted: parseTrustedProxies(String(trustedProxies)),
      log,
      clock: output.clock ?? systemClock,
    };
    if (Object.keys(output).length > 0) configureLogging(output);
    NestLogger.overrideLogger(nestLogger());
    return {
      module: LoggingModule,
      global: true,
      imports: [LoggerModule.forRoot(pinoParams)],
      providers: [
        { provide: REQUEST_LOGGING, useValue: entrance },
        { provide: SENDS_CORRELATION_ID, useValue: sends },
      ],
      exports: [LoggerModule],
    };
  }

  /** Before the server listens. An application without HTTP has none. */
  onModuleInit(): void {
    const server = this.host.httpAdapter?.getHttpServer() as Server | undefined;
    if (server) enableRequestLogging(server, this.entrance);
    if (this.sends) this.stopSending = sendCorrelationId();
  }

  onApplicationShutdown(): void {
    this.stopSending();
  }
}

/** Nest's own logger, for `NestFactory.create(…, { logger: nestLogger() })`: what Nest says from its first line on becomes records. */
export const nestLogger = (): LoggerService => new Logger(new PinoLogger(pinoParams), pinoParams);
