import { type DynamicModule, Module } from '@nestjs/common';
import { checkSigningKey, systemClock } from '@pikaia/core';
import { describeConsumer } from '../consume/consumer.description.js';
import { Outbox, OUTBOX_OPTIONS, type OutboxOptions } from '../wait/outbox.js';
import { EVENTS_OPTIONS, type EventsOptions } from './events.options.js';
import { Events } from './events.service.js';
import { OutboxWaker } from './outbox.waker.js';

export interface EventsModuleOptions extends Partial<EventsOptions> {
  readonly databaseUrl: string;
  /**
   * The consumers that run behind a queue, such as Lambdas: classes with `@Consumer`. `waitUntilSeen` knows the types that they handle
   * from here. It knows the consumers in a worker from the database.
   */
  readonly queueConsumers?: readonly Function[];
}

/**
 * Provides `Events`, which publishes events, and `Outbox`, which waits until a consumer has handled them, to the whole application.
 * Requires DatabaseModule.
 */
@Module({})
export class EventsModule {
  static forRoot({
    databaseUrl,
    applicationName = 'pikaia',
    clock = systemClock,
    tokenKey,
    queueConsumers = [],
  }: EventsModuleOptions): DynamicModule {
    if (tokenKey !== undefined) checkSigningKey('tokenKey', tokenKey);
    const outbox: OutboxOptions = { tokenKey, clock, queueConsumers: queueConsumers.map(describeConsumer) };
    return {
      module: EventsModule,
      global: true,
      providers: [
        { provide: EVENTS_OPTIONS, useValue: { databaseUrl, applicationName, clock, tokenKey } satisfies EventsOptions },
        { provide: OUTBOX_OPTIONS, useValue: outbox },
        OutboxWaker,
        Events,
        Outbox,
      ],
      exports: [Events, Outbox],
    };
  }
}
