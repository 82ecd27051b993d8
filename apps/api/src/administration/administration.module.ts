import { Module } from '@nestjs/common';
import { OutboxOperationsModule } from '@pikaia/events';
import { AuditLogController } from './audit-log.controller.js';
import { AuditedOperations } from './audited-operations.js';
import { CorrelationsController } from './correlations.controller.js';
import { EventsController } from './events.controller.js';
import { EventsRepository } from './events.repository.js';
import { OutboxController } from './outbox.controller.js';

@Module({
  imports: [OutboxOperationsModule.forRoot({ audit: AuditedOperations })],
  controllers: [AuditLogController, EventsController, OutboxController, CorrelationsController],
  providers: [EventsRepository],
})
export class AdministrationModule {}
