import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { OperationsAudit } from './operations-audit.js';
import { OutboxOperations } from './outbox.operations.js';
import { OutboxStatus } from './outbox.status.js';

export interface OutboxOperationsModuleOptions {
  /** The class that audits commands. Global modules must provide its dependencies. */
  readonly audit: Type<OperationsAudit>;
}

/** Provides `OutboxOperations` and `OutboxStatus` to the whole application. Requires DatabaseModule. */
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
