import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { enterContextAtRequest, loadSettings, parseTrustedProxies, systemClock } from '@pikaia/core';
import { DatabaseSettings } from '@pikaia/database';
import {
  accessLog,
  configureLogging,
  getLogger,
  logClientErrors,
  LoggingSettings,
  nestLogger,
  type Service,
} from '@pikaia/logging';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ApiSettings } from '../api.settings.js';
import { AppModule } from '../app.module.js';
import { Readiness } from '../health/readiness.js';
import { createFastifyAdapter } from './fastify.adapter.js';
import { InFlightInterceptor } from './in-flight.interceptor.js';

export const API_PREFIX = 'api/v1';

const logger = getLogger('api');

/** Reads the settings, builds the application, listens. */
export async function startApi(environment: NodeJS.ProcessEnv): Promise<Service> {
  const [logging, api, database] = loadSettings([LoggingSettings, ApiSettings, DatabaseSettings] as const, environment);
  const development = environment['NODE_ENV'] !== 'production';
  configureLogging({
    level: logging.logLevel,
    format: logging.logFormat,
    service: 'pikaia-api',
    ...(development && { file: { path: join(api.varDirectory, 'log', 'api.jsonl') } }),
  });
  const trusted = parseTrustedProxies(api.trustedProxies);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with({ api, database }), createFastifyAdapter(), {
    logger: nestLogger(),
    abortOnError: false,
    bodyParser: false, // Nest's would take forms too; Fastify's own reads JSON
  });
  app.setGlobalPrefix(API_PREFIX, { exclude: ['health/live', 'health/ready'] });
  enterContextAtRequest(app.getHttpServer(), trusted, [accessLog(systemClock)]);
  logClientErrors(app.getHttpServer());
  await app.init();
  await app.getHttpAdapter().getInstance().listen({ port: api.port, host: '0.0.0.0' }); // Nest's would log a port in use by itself
  logger.info('api_started', { port: (app.getHttpServer().address() as AddressInfo).port });
  return {
    async stop() {
      app.get(Readiness).draining = true;
      app.getHttpServer().close();
      app.getHttpServer().closeIdleConnections();
      await app.get(InFlightInterceptor).whenIdle();
      await app.close();
    },
  };
}
