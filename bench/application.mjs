// A Nest application with the project's own modules, as a service that publishes has them. Decorators by hand, so that the
// benchmarks run as they stand, without a build.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DatabaseModule, Transactional } from '@pikaia/database';
import { DomainEvent, EventsModule } from '@pikaia/events';
import { IsString } from 'class-validator';
import { ClsModule } from 'nestjs-cls';

export const TEXT = 'x'.repeat(200); // with its envelope an event takes 600 bytes, about

export class OrderPlaced {}
IsString()(OrderPlaced.prototype, 'text');
DomainEvent('order.placed', { version: 1, aggregate: 'order', source: 'pikaia.orders' })(OrderPlaced);

export function startApplication({ api, connections }) {
  class BenchModule {}
  Module({
    imports: [
      ClsModule.forRoot({ global: true }),
      DatabaseModule.forRoot({
        settings: { databaseUrl: api, databasePoolSize: connections, databaseStatementTimeoutMs: 30_000 },
        applicationName: 'bench',
      }),
      EventsModule.forRoot({ databaseUrl: api, applicationName: 'bench' }),
    ],
  })(BenchModule);
  return NestFactory.createApplicationContext(BenchModule, { logger: ['error'] });
}

/** `@Transactional()` on a method. */
export function makeTransactional({ prototype }, method) {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, method);
  Transactional()(prototype, method, descriptor);
  Object.defineProperty(prototype, method, descriptor);
}
