import { Module } from '@nestjs/common';
import { AuditLogController } from './audit-log.controller.js';
import { CorrelationsController } from './correlations.controller.js';
import { EventsController } from './events.controller.js';
import { EventsRepository } from './events.repository.js';

@Module({ controllers: [AuditLogController, EventsController, CorrelationsController], providers: [EventsRepository] })
export class AdministrationModule {}
