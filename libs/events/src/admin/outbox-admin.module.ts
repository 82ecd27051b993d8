import { type DynamicModule, Module, type Provider, type Type } from '@nestjs/common';
import { checkSigningKey } from '@pikaia/core';
import { APPLICATION_ROWS, HousekeepingPreview, type ApplicationRows } from '../housekeeping/housekeeping.preview.js';
import { EventsByRequest } from './events-by-request.js';
import { BlockedAggregates } from './blocked-aggregates.js';
import { EVENT_LOG_OPTIONS, EventLog, type EventLogOptions } from './event-log.js';
import { OperationsAudit } from './operations-audit.js';
import { OutboxOperations } from './outbox.operations.js';
import { OutboxOverview } from './outbox.overview.js';
import { OutboxStatus } from './outbox.status.js';

export interface OutboxAdminModuleOptions {
  /** The class that audits commands. Global modules must provide its dependencies. */
  readonly audit: Type<OperationsAudit>;
  /** Key that signs the cursors of EventLog. Use the same key in all processes. Without a key, EventLog is not provided. */
  readonly cursorKey?: string | Uint8Array;
  /** What the tasks of the application in `RelayModuleOptions.housekeepingTasks` remove, for the preview of housekeeping. */
  readonly housekeepingRows?: ApplicationRows;
}

/**
 * The administration of the outbox, as a global module. `EventLog` and `EventsByRequest` read events, `OutboxStatus`, `OutboxOverview` and `BlockedAggregates` read the state of sinks and log,
 * `OutboxOperations` sends commands. Requires DatabaseModule.
 */
@Module({})
export class OutboxAdminModule {
  static forRoot({ audit, cursorKey, housekeepingRows = {} }: OutboxAdminModuleOptions): DynamicModule {
    if (cursorKey !== undefined) checkSigningKey('cursorKey', cursorKey);
    const readProviders: Provider[] =
      cursorKey === undefined
        ? []
        : [EventLog, { provide: EVENT_LOG_OPTIONS, useValue: { cursorKey } satisfies EventLogOptions }];
    return {
      module: OutboxAdminModule,
      global: true,
      providers: [
        { provide: OperationsAudit, useClass: audit },
        OutboxOperations,
        OutboxStatus,
        OutboxOverview,
        EventsByRequest,
        BlockedAggregates,
        HousekeepingPreview,
        { provide: APPLICATION_ROWS, useValue: housekeepingRows },
        ...readProviders,
      ],
      exports: [
        OutboxOperations,
        OutboxStatus,
        OutboxOverview,
        EventsByRequest,
        BlockedAggregates,
        HousekeepingPreview,
        ...(cursorKey === undefined ? [] : [EventLog]),
      ],
    };
  }
}
