import { type DynamicModule, Module } from '@nestjs/common';
import { systemClock } from '@pikaia/core';
import { EVENTS_OPTIONS, type EventsOptions } from './events.options.js';
import { Events } from './events.service.js';
import { OutboxWaker } from './outbox.waker.js';

export interface EventsModuleOptions extends Partial<EventsOptions> {
  readonly databaseUrl: string;
}

/** Provides `Events`, which publishes events, to the whole application. Requires DatabaseModule. */
@Module({})
export class EventsModule {
  static forRoot({ databaseUrl, applicationName = 'pikaia', clock = systemClock }: EventsModuleOptions): DynamicModule {
    return {
      module: EventsModule,
      global: true,
      providers: [
        { provide: EVENTS_OPTIONS, useValue: { databaseUrl, applicationName, clock } satisfies EventsOptions },
        OutboxWaker,
        Events,
      ],
      exports: [Events],
    };
  }
}
