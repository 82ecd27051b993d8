import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { getLogger, type Service } from '@pikaia/logging';
import { WebhookSending } from '@pikaia/webhooks';
import type { AddressInfo } from 'node:net';
import { Draining } from './health/draining.js';
import { loadWorkerModule } from './load-worker-module.js';

const REQUEST_TIMEOUT_MS = 30_000; // for headers and body
const CHECK_INTERVAL_MS = 1_000;

const logger = getLogger('worker');

/** Reads the settings, starts the relays, and serves health checks. */
export async function startWorker(environment: NodeJS.ProcessEnv): Promise<Service> {
  const { application, worker, outbox } = loadWorkerModule(environment);
  const app = await NestFactory.create<NestFastifyApplication>(application, createFastifyAdapter(), { abortOnError: false });
  await app.init();
  // Nest's listen() would log EADDRINUSE itself.
  await app.getHttpAdapter().getInstance().listen({ port: worker.workerPort, host: '0.0.0.0' });
  logger.info('worker_started', { port: (app.getHttpServer().address() as AddressInfo).port, sinks: outbox.eventSinks });
  return {
    async stop() {
      app.get(Draining).started = true;
      // The relays and the webhooks finish their work in flight before the data source closes.
      await Promise.all([app.get(WebhookSending).stop(), app.close()]);
    },
  };
}

/** Serves only health checks, so a stop can destroy each connection. */
const createFastifyAdapter = (): FastifyAdapter =>
  new FastifyAdapter({
    forceCloseConnections: true,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: CHECK_INTERVAL_MS },
  });
