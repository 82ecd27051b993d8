import {
  ConfigurableModuleBuilder,
  Inject,
  Logger as NestLogger,
  Module,
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import {
  parseCorrelationHosts,
  parseTrustedProxies,
  requireModuleOptions,
  sendCorrelationId,
  systemClock,
  type CorrelationHosts,
} from '@pikaia/core';
import { LoggerModule } from 'nestjs-pino';
import type { Server } from 'node:http';
import { getLogger } from '../logger.js';
import { configureLogging, outputFormat, type LoggingOptions } from '../output/log-output.js';
import { enterContextAtInject, type InjectingServer } from './injected-requests.js';
import { nestLogger } from './nest-logger.js';
import { pinoModules } from './pino-modules.js';
import { enableRequestLogging, type RequestLoggingOptions } from './request-logging.js';

export interface LoggingModuleOptions extends LoggingOptions {
  /** Proxies that may set X-Forwarded-For: a number of hops, or networks (`10.0.0.0/8,fd00::/8`). Default 0: none. */
  readonly trustedProxies?: string | number;
  /** Writes an access line for each request, and `client_error` for input that the HTTP parser rejects. Default true. */
  readonly accessLog?: boolean;
  /** Adds the correlation id of the current context to outgoing requests to `correlationHosts`. Default true. */
  readonly sendCorrelationId?: boolean;
  /**
   * The hosts that receive the correlation id, besides loopback: `api.example.com,*.internal.example.com`. Default
   * LOG_CORRELATION_HOSTS, else none.
   */
  readonly correlationHosts?: string | undefined;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<LoggingModuleOptions>()
  .setClassMethodName('forRoot')
  .build();

@Module({ exports: [MODULE_OPTIONS_TOKEN] })
class Options extends ConfigurableModuleClass {}

interface Configuration {
  readonly requestLogging: RequestLoggingOptions;
  /** Null: no request carries the correlation id. */
  readonly correlationHosts: CorrelationHosts | null;
}

const CONFIGURATION = Symbol('pikaia.logging.configuration');
const logger = getLogger('application');
const started = new WeakSet<HttpAdapterHost>();

/**
 * Sets up logging for a Nest application on Fastify or Express:
 *
 * - Each request has its own context, opened when Node emits the request, and an access line. So has a request of `inject()`.
 * - Outgoing requests to loopback and to `correlationHosts` carry the correlation id.
 * - Messages of Nest become log records.
 * - Logger and PinoLogger of nestjs-pino can be injected. PinoLogger.assign adds fields to the request. The middleware of nestjs-pino is not installed, because it halves
 *   the throughput.
 */
@Module({ providers: [{ provide: CONFIGURATION, useFactory: () => requireModuleOptions('LoggingModule', undefined) }] }) // of the class alone
export class LoggingModule implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private stopSending = (): void => undefined;

  constructor(
    private readonly host: HttpAdapterHost,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /**
   * Configures the log output of the process and replaces Nest's default logger. Both take effect immediately, so that the
   * first line of the application already has the configured format. Without output options, the output stays as it is. A
   * `logger` passed to NestFactory takes precedence.
   *
   * @throws PikaiaError `PIKAIA_TRUSTED_PROXIES_INVALID`, `PIKAIA_CORRELATION_HOSTS_INVALID`.
   */
  static forRoot(options: LoggingModuleOptions = {}): DynamicModule {
    const configuration = configure(options);
    NestLogger.overrideLogger(nestLogger());
    return loggingModule({ provide: CONFIGURATION, useValue: configuration });
  }

  /**
   * As `forRoot`, with options that the application injects. Until they are resolved, LOG_LEVEL, LOG_FORMAT and NODE_ENV decide the
   * output.
   */
  static forRootAsync(options: ConfigurableModuleAsyncOptions<LoggingModuleOptions>): DynamicModule {
    NestLogger.overrideLogger(nestLogger());
    const configuration = { provide: CONFIGURATION, inject: [MODULE_OPTIONS_TOKEN], useFactory: configure };
    return loggingModule(configuration, Options.forRootAsync(options));
  }

  /** Runs before the server listens. An application without HTTP has no server. */
  onModuleInit(): void {
    const { httpAdapter: adapter } = this.host;
    const server = adapter?.getHttpServer() as Server | undefined;
    const enter = server && enableRequestLogging(server, this.configuration.requestLogging);
    if (enter && adapter.getType() === 'fastify') enterContextAtInject(adapter.getInstance<InjectingServer>(), enter);
    const { correlationHosts } = this.configuration;
    if (correlationHosts) this.stopSending = sendCorrelationId(correlationHosts);
  }

  /** Writes one line for each application, also if the module is imported twice: when its server listens, or now if it has none. */
  onApplicationBootstrap(): void {
    if (started.has(this.host)) return;
    started.add(this.host);
    const server = this.host.httpAdapter?.getHttpServer() as Server | undefined;
    if (server) server.once('listening', logStart);
    else logStart();
  }

  onApplicationShutdown(): void {
    this.stopSending();
  }
}

/** Configures the log output of the process, if `options` has output options, and returns what the module needs. */
function configure({
  trustedProxies = 0,
  accessLog: writesLines = true,
  sendCorrelationId: sends = true,
  correlationHosts = process.env['LOG_CORRELATION_HOSTS'] ?? '',
  ...output
}: LoggingModuleOptions): Configuration {
  const hosts = parseCorrelationHosts(correlationHosts);
  const requestLogging: RequestLoggingOptions = {
    trustedProxies: parseTrustedProxies(String(trustedProxies)),
    writesLines,
    clock: output.clock ?? systemClock,
  };
  if (Object.keys(output).length > 0) configureLogging(output);
  return { requestLogging, correlationHosts: sends ? hosts : null };
}

const loggingModule = (configuration: Provider, ...options: readonly DynamicModule[]): DynamicModule => ({
  module: LoggingModule,
  global: true,
  imports: [...pinoModules(), ...options],
  providers: [configuration],
  exports: [LoggerModule],
});

function logStart(): void {
  const { level, format } = outputFormat();
  logger.info('application_started', { log_level: level, log_format: format });
}
