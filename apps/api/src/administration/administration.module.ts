import { Module } from '@nestjs/common';
import { AuditLogController } from './audit-log.controller.js';
import { BlockedController } from './blocked.controller.js';
import { ContractsController } from './contracts.controller.js';
import { ContractsService } from './contracts.service.js';
import { CorrelationsController } from './correlations.controller.js';
import { EventsController } from './events.controller.js';
import { HousekeepingController } from './housekeeping.controller.js';
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
  ],
  providers: [PeopleService, SearchService, ContractsService],
})
export class AdministrationModule {}
