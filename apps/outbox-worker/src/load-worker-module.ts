import type { DynamicModule } from '@nestjs/common';
import { isProduction, loadSettings } from '@pikaia/core';
import { DatabaseSettings } from '@pikaia/database';
import { EventBridgeSettings, LogSinkSettings, OutboxSettings } from '@pikaia/events';
import { loggingOptions, LoggingSettings } from '@pikaia/logging';
import { CONSUMERS } from '@pikaia/reactions';
import { WebhookRetentionSettings, WebhookSendingSettings } from '@pikaia/webhooks';
import { join } from 'node:path';
import { WorkerModule } from './worker.module.js';
import { WorkerSettings } from './worker.settings.js';

interface LoadedWorker {
  readonly application: DynamicModule;
  readonly worker: WorkerSettings;
  readonly outbox: OutboxSettings;
}

/**
 * Reads the settings of the worker and configures its application.
 *
 * @param autoStart false: the relays wait for `RelayService.runOnce`.
 */
export function loadWorkerModule(environment: NodeJS.ProcessEnv, { autoStart = true } = {}): LoadedWorker {
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
  const application = WorkerModule.forRoot({
    logging: {
      ...loggingOptions(logging),
      service: 'pikaia-outbox-worker',
      ...(!isProduction(environment) && { file: { path: join(worker.varDirectory, 'log', 'worker.jsonl') } }),
    },
    worker,
    database,
    outbox,
    log,
    eventBridge,
    webhooks,
    webhookRetention,
    consumers,
    autoStart,
  });
  return { application, worker, outbox };
}
