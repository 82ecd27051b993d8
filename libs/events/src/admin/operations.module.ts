import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { OperationsAudit } from './operations-audit.js';
import { OutboxOperations } from './outbox.operations.js';
import { OutboxStatus } from './outbox.status.js';

export interface OutboxOperationsModuleOptions {
  /** Where commands are audited; its dependencies must be provided by global modules. */
  readonly audit: Type<OperationsAudit>;
}

/** The asking side: gives `OutboxOperations` and `OutboxStatus` to the whole application. It needs DatabaseModule beside it. */
@Module({})
export class OutboxOperationsModule {
  static forRoot({ audit }: OutboxOperationsModuleOptions): DynamicModule {
    return {
      module: OutboxOperationsModule,
      global: true,
      providers: [{ provide: OperationsAudit, useClass: audit }, OutboxOperations, OutboxStatus],
      exports: [OutboxOperations, OutboxStatus],
    };
  }
}
