// A Nest application with Pikaia's modules, as in a service that publishes events. Decorators are applied by hand, so that the
// benchmarks run without a build.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DatabaseModule, Transactional } from '@pikaia/database';
import { DomainEvent, EventsModule } from '@pikaia/events';
import { IsString } from 'class-validator';
import { ClsModule } from 'nestjs-cls';

export const TEXT = 'x'.repeat(200); // with its envelope, an event has about 600 bytes

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

/** Applies `@Transactional()` to a method. */
export function makeTransactional({ prototype }, method) {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, method);
  Transactional()(prototype, method, descriptor);
  Object.defineProperty(prototype, method, descriptor);
}
