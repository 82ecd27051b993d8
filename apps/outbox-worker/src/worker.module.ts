import { type DynamicModule, Module } from '@nestjs/common';
import { AuditModule } from '@pikaia/audit';
import { DatabaseModule, type DatabaseSettings } from '@pikaia/database';
import { type EventBridgeSettings, EventsModule, type LogSinkSettings, type OutboxSettings, RelayModule } from '@pikaia/events';
import { LoggingModule, type LoggingModuleOptions } from '@pikaia/logging';
import { CONSUMERS } from '@pikaia/reactions';
import {
  webhookDeliveriesTask,
  WebhookEndpoint,
  type WebhookRetentionSettings,
  WebhookSendingModule,
  type WebhookSendingSettings,
} from '@pikaia/webhooks';
import { ClsModule } from 'nestjs-cls';
import { HealthController } from './health/health.controller.js';
import { Draining } from './health/draining.js';
import type { WorkerSettings } from './worker.settings.js';

export interface WorkerModuleSettings {
  readonly logging: LoggingModuleOptions;
  readonly worker: WorkerSettings;
  readonly database: DatabaseSettings;
  readonly outbox: OutboxSettings;
  readonly log: LogSinkSettings;
  readonly eventBridge: EventBridgeSettings;
  readonly webhooks: WebhookSendingSettings;
  readonly webhookRetention: WebhookRetentionSettings;
  /** The settings of each of `CONSUMERS`, in their order. */
  readonly consumers: readonly object[];
  /** False: the relays wait for `RelayService.runOnce`. Default: true. */
  readonly autoStart?: boolean;
}

@Module({})
export class WorkerModule {
  static forRoot({
    logging,
    worker,
    database,
    outbox,
    log,
    eventBridge,
    webhooks,
    webhookRetention,
    consumers,
    autoStart = true,
  }: WorkerModuleSettings): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        ClsModule.forRoot({ global: true }),
        LoggingModule.forRoot(logging),
        DatabaseModule.forRoot({ settings: database, applicationName: 'pikaia-outbox-worker', entities: [WebhookEndpoint] }),
        EventsModule.forRoot({ applicationName: 'pikaia-outbox-worker' }),
        AuditModule.forRoot(),
        WebhookSendingModule.forRoot(webhooks),
        ...CONSUMERS.map(({ createModule }, index) => createModule(consumers[index]!, worker.varDirectory)),
        RelayModule.forRoot({
          settings: outbox,
          log,
          eventBridge,
          version: worker.workerVersion,
          autoStart,
          housekeepingTasks: [webhookDeliveriesTask(webhookRetention.webhookRetentionDays)],
          onFatal: () => process.exit(1),
        }),
      ],
      controllers: [HealthController],
      providers: [Draining],
    };
  }
}
