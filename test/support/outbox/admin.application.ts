import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DatabaseModule } from '@pikaia/database';
import { OperationsAudit, OutboxAdminModule, type OutboxAdminModuleOptions } from '@pikaia/events';
import { ClsModule } from 'nestjs-cls';

class NoAudit extends OperationsAudit {
  record(): Promise<void> {
    return Promise.resolve();
  }
}

/** Starts an application with the administration of the outbox, and without an audit log. */
export function startAdminApplication(
  databaseUrl: string,
  options: Partial<OutboxAdminModuleOptions>,
): Promise<INestApplicationContext> {
  const settings = { databaseUrl, databasePoolSize: 10, databaseStatementTimeoutMs: 15_000 };
  @Module({
    imports: [
      ClsModule.forRoot({ global: true }),
      DatabaseModule.forRoot({ settings, applicationName: 'spec' }),
      OutboxAdminModule.forRoot({ audit: NoAudit, ...options }),
    ],
  })
  class SpecModule {}
  return NestFactory.createApplicationContext(SpecModule, { logger: ['error'], abortOnError: false });
}
