import {
  ConfigurableModuleBuilder,
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  Module,
  type Type,
} from '@nestjs/common';
import { checkSigningKey, requireModuleOptions } from '@pikaia/core';
import { DatabaseAccessModule } from '@pikaia/database';
import { APPLICATION_ROWS, HousekeepingPreview, type ApplicationRows } from '../housekeeping/housekeeping.preview.js';
import { BlockedAggregates } from './blocked-aggregates.js';
import { EVENT_LOG_OPTIONS, EventLog, type EventLogOptions } from './event-log.js';
import { EventsByRequest } from './events-by-request.js';
import { OperationsAudit } from './operations-audit.js';
import { OutboxOperations } from './outbox.operations.js';
import { OutboxOverview } from './outbox.overview.js';
import { OutboxStatus } from './outbox.status.js';

export interface OutboxAdminOptions {
  /**
   * Key that signs the cursors of EventLog. Use the same key in all processes. Without a key, `forRoot` does not
   * provide EventLog, and that of `forRootAsync` returns no pages.
   */
  readonly cursorKey?: string | Uint8Array;
  /** What the tasks of the application in `RelayModuleOptions.housekeepingTasks` remove, for the preview of housekeeping. */
  readonly housekeepingRows?: ApplicationRows;
}

export interface OperationsAuditClass {
  /** The class that audits commands. Global modules must provide its dependencies. */
  readonly audit: Type<OperationsAudit>;
}

export interface OutboxAdminModuleOptions extends OutboxAdminOptions, OperationsAuditClass {}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<OutboxAdminOptions>()
  .setClassMethodName('forRoot')
  .build();

@Module({ exports: [MODULE_OPTIONS_TOKEN] })
class Options extends ConfigurableModuleClass {}

/**
 * The administration of the outbox, as a global module. `EventLog` and `EventsByRequest` read events. `OutboxStatus`, `OutboxOverview`,
 * `BlockedAggregates` and `HousekeepingPreview` read the state of the sinks and the log. `OutboxOperations` sends commands. Requires
 * DatabaseModule.
 */
@Module({})
export class OutboxAdminModule {
  static forRoot({ audit, ...options }: OutboxAdminModuleOptions): DynamicModule {
    if (options.cursorKey !== undefined) checkSigningKey('cursorKey', options.cursorKey);
    return adminModule(audit, Options.forRoot(options), options.cursorKey === undefined ? [] : [EventLog]);
  }

  static forRootAsync({
    audit,
    ...options
  }: ConfigurableModuleAsyncOptions<OutboxAdminOptions> & OperationsAuditClass): DynamicModule {
    return adminModule(audit, Options.forRootAsync(options), [EventLog]);
  }
}

function adminModule(audit: Type<OperationsAudit>, options: DynamicModule, eventLog: readonly Type<EventLog>[]): DynamicModule {
  requireModuleOptions('OutboxAdminModule', { audit }, ['audit']);
  const provided = [
    OutboxOperations,
    OutboxStatus,
    OutboxOverview,
    EventsByRequest,
    BlockedAggregates,
    HousekeepingPreview,
    ...eventLog,
  ];
  return {
    module: OutboxAdminModule,
    global: true,
    imports: [options, DatabaseAccessModule],
    providers: [
      { provide: OperationsAudit, useClass: audit },
      ...provided,
      {
        provide: EVENT_LOG_OPTIONS,
        inject: [MODULE_OPTIONS_TOKEN],
        useFactory: ({ cursorKey }: OutboxAdminOptions): EventLogOptions => {
          if (cursorKey !== undefined) checkSigningKey('cursorKey', cursorKey);
          return { cursorKey };
        },
      },
      {
        provide: APPLICATION_ROWS,
        inject: [MODULE_OPTIONS_TOKEN],
        useFactory: ({ housekeepingRows = {} }: OutboxAdminOptions) => housekeepingRows,
      },
    ],
    exports: provided,
  };
}
