import { type DynamicModule, Module } from '@nestjs/common';
import { DatabaseModule, type DatabaseSettings } from '@pikaia/database';
import { type EventBridgeSettings, type LogSinkSettings, type OutboxSettings, RelayModule } from '@pikaia/events';
import { LoggingModule, type LoggingModuleOptions } from '@pikaia/logging';
import { type NotificationSettings, NotificationsModule } from '@pikaia/notifications';
import { ClsModule } from 'nestjs-cls';
import { join } from 'node:path';
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
  readonly notifications: NotificationSettings;
}

@Module({})
export class WorkerModule {
  static forRoot({ logging, worker, database, outbox, log, eventBridge, notifications }: WorkerModuleSettings): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        ClsModule.forRoot({ global: true }),
        LoggingModule.forRoot(logging),
        DatabaseModule.forRoot({ settings: database, applicationName: 'pikaia-outbox-worker' }),
        NotificationsModule.forRoot({ settings: notifications, mailDirectory: join(worker.varDirectory, 'mail') }),
        RelayModule.forRoot({
          settings: outbox,
          log,
          eventBridge,
          databaseUrl: database.databaseUrl,
          onFatal: () => process.exit(1),
        }),
      ],
      controllers: [HealthController],
      providers: [Draining],
    };
  }
}
