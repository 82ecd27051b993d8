import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { loadSettings } from '@pikaia/core';
import { DatabaseSettings } from '@pikaia/database';
import { EventBridgeSettings, LogSinkSettings, OutboxSettings } from '@pikaia/events';
import { getLogger, loggingOptions, LoggingSettings, type Service } from '@pikaia/logging';
import { CONSUMERS } from '@pikaia/reactions';
import { WebhookSending, WebhookRetentionSettings, WebhookSendingSettings } from '@pikaia/webhooks';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Draining } from './health/draining.js';
import { WorkerModule } from './worker.module.js';
import { WorkerSettings } from './worker.settings.js';

const REQUEST_TIMEOUT_MS = 30_000; // for headers and body
const CHECK_INTERVAL_MS = 1_000;

const logger = getLogger('worker');

/** Reads the settings, starts the relays, and serves health checks. */
export async function startWorker(environment: NodeJS.ProcessEnv): Promise<Service> {
  const [logging, worker, database, outbox, log, eventBridge, webhooks, webhookRetention, ...consumers] = loadSettings(
    [
      LoggingSettings,
      WorkerSettings,
      DatabaseSettings,
      OutboxSettings,
      LogSinkSettings,
      EventBridgeSettings,
      WebhookSendingSettings,
      WebhookRetentionSettings,
      ...CONSUMERS.map(({ settings }) => settings),
    ],
    environment,
  );
  const development = environment['NODE_ENV'] !== 'production';
  const application = WorkerModule.forRoot({
    logging: {
      ...loggingOptions(logging),
      service: 'pikaia-outbox-worker',
      ...(development && { file: { path: join(worker.varDirectory, 'log', 'worker.jsonl') } }),
    },
    worker,
    database,
    outbox,
    log,
    eventBridge,
    webhooks,
    webhookRetention,
    consumers,
  });
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
