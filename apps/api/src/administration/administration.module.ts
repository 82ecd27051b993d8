import { Module } from '@nestjs/common';
import { isProduction } from '@pikaia/core';
import { join } from 'node:path';
import { ApiSettings } from '../api.settings.js';
import { AuditLogController } from './audit-log.controller.js';
import { BlockedController } from './blocked.controller.js';
import { ContractsController } from './contracts.controller.js';
import { ContractsService } from './contracts.service.js';
import { CorrelationsController } from './correlations.controller.js';
import { EventsController } from './events.controller.js';
import { FailedRequestSource, NoLogSource } from './failed-request.source.js';
import { FailedRequestsController } from './failed-requests.controller.js';
import { HousekeepingController } from './housekeeping.controller.js';
import { LogFileSource } from './log-file.source.js';
import { OutboxController } from './outbox.controller.js';
import { OverviewController } from './overview.controller.js';
import { PeopleController } from './people.controller.js';
import { PeopleService } from './people.service.js';
import { SearchController } from './search.controller.js';
import { SearchService } from './search.service.js';

@Module({
  controllers: [
    AuditLogController,
    EventsController,
    OutboxController,
    OverviewController,
    PeopleController,
    SearchController,
    ContractsController,
    HousekeepingController,
    BlockedController,
    CorrelationsController,
    FailedRequestsController,
  ],
  providers: [
    PeopleService,
    SearchService,
    ContractsService,
    {
      provide: FailedRequestSource,
      inject: [ApiSettings],
      useFactory: ({ varDirectory }: ApiSettings) =>
        isProduction() ? new NoLogSource() : new LogFileSource(join(varDirectory, 'log')),
    },
  ],
})
export class AdministrationModule {}
