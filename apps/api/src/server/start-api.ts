import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { isProduction, loadSettings } from '@pikaia/core';
import { DatabaseSettings } from '@pikaia/database';
import { getLogger, loggingOptions, LoggingSettings, type Service } from '@pikaia/logging';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { API_SETTINGS } from '../api.settings.js';
import { AppModule } from '../app.module.js';
import { Readiness } from '../health/readiness.js';
import { OpenApiSource } from '../openapi/documentation.controller.js';
import { openApiDocument } from '../openapi/openapi.document.js';
import { setPrefix } from './api-prefix.js';
import { Connections } from './connections.js';
import { createFastifyAdapter } from './fastify.adapter.js';
import { InFlightInterceptor } from './in-flight.interceptor.js';
import { once } from './once.js';

const logger = getLogger('api');

/** Reads the settings, builds the application and listens. */
export async function startApi(environment: NodeJS.ProcessEnv): Promise<Service> {
  const [logging, database, ...settings] = loadSettings([LoggingSettings, DatabaseSettings, ...API_SETTINGS], environment);
  const [api, server] = settings;
  const application = AppModule.forRoot({
    logging: {
      ...loggingOptions(logging),
      service: 'pikaia-api',
      ...(!isProduction(environment) && { file: { path: join(api.varDirectory, 'log', 'api.jsonl') } }),
    },
    api: settings,
    database,
  });
  const app = await NestFactory.create<NestFastifyApplication>(application, createFastifyAdapter(server), {
    abortOnError: false,
    bodyParser: false, // Nest's parser would also accept forms; Fastify's own reads JSON
  });
  setPrefix(app);
  app.get(OpenApiSource).document = once(() => JSON.stringify(openApiDocument(app))); // only its readers wait for it
  await app.init();
  const connections = new Connections(app.getHttpServer());
  // Nest's listen() would log EADDRINUSE itself.
  await app.getHttpAdapter().getInstance().listen({ port: api.port, host: '0.0.0.0' });
  logger.info('api_started', { port: (app.getHttpServer().address() as AddressInfo).port });
  return {
    async stop() {
      app.get(Readiness).draining = true;
      await connections.drain();
      await app.get(InFlightInterceptor).whenIdle(); // handlers whose clients have disconnected
      await app.close();
    },
  };
}
