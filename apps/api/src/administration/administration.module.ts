import { Module } from '@nestjs/common';
import { AuditLogController } from './audit-log.controller.js';
import { CorrelationsController } from './correlations.controller.js';
import { EventsController } from './events.controller.js';
import { OutboxController } from './outbox.controller.js';

@Module({
  controllers: [AuditLogController, EventsController, OutboxController, CorrelationsController],
})
export class AdministrationModule {}
