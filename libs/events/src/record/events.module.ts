import {
  ConfigurableModuleBuilder,
  type DynamicModule,
  Global,
  Inject,
  Injectable,
  Module,
  type OnModuleInit,
} from '@nestjs/common';
import { checkSigningKey, systemClock } from '@pikaia/core';
import {
  DATA_SOURCE,
  DATABASE_ACCESS,
  DatabaseAccessModule,
  requireTables,
  type DatabaseAccess,
  type DatabaseAddress,
} from '@pikaia/database';
import type { DataSource } from 'typeorm';
import { describeConsumer } from '../consume/consumer.description.js';
import { REQUIRED_TABLES } from '../log/required-tables.js';
import { Outbox, OUTBOX_OPTIONS, type OutboxOptions } from '../wait/outbox.js';
import { EVENTS_OPTIONS, type EventsOptions } from './events.options.js';
import { Events } from './events.service.js';
import { OutboxWaker } from './outbox.waker.js';

export interface EventsModuleOptions extends Partial<EventsOptions> {
  /** The database in which the relay listens. Default: that of DatabaseModule. */
  readonly databaseUrl?: DatabaseAddress;
  /**
   * The consumers that run behind a queue, such as Lambdas: classes with `@Consumer`. `waitUntilSeen` knows the types that they handle
   * from here. It knows the consumers in a worker from the database.
   */
  readonly queueConsumers?: readonly Function[];
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<EventsModuleOptions>()
  .setClassMethodName('forRoot')
  .build();

@Injectable()
class MigrationCheck implements OnModuleInit {
  constructor(
    @Inject(DATA_SOURCE) private readonly source: DataSource,
    @Inject(DATABASE_ACCESS) private readonly access: DatabaseAccess,
  ) {}

  onModuleInit(): Promise<void> {
    return requireTables(this.source, this.access.roles, 'outboxMigrations', REQUIRED_TABLES);
  }
}

function eventsOptions(
  { applicationName = 'pikaia', clock = systemClock, tokenKey, databaseUrl }: EventsModuleOptions,
  { address }: DatabaseAccess,
): EventsOptions {
  if (tokenKey !== undefined) checkSigningKey('tokenKey', tokenKey);
  return { databaseUrl: databaseUrl ?? address, applicationName, clock, tokenKey };
}

/**
 * Provides `Events`, which publishes events, and `Outbox`, which waits until a consumer has handled them, to the whole application.
 * Requires DatabaseModule.
 */
@Global()
@Module({
  imports: [DatabaseAccessModule],
  providers: [
    { provide: MODULE_OPTIONS_TOKEN, useValue: {} }, // of the class alone
    { provide: EVENTS_OPTIONS, inject: [MODULE_OPTIONS_TOKEN, DATABASE_ACCESS], useFactory: eventsOptions },
    {
      provide: OUTBOX_OPTIONS,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: ({ tokenKey, clock = systemClock, queueConsumers = [] }: EventsModuleOptions): OutboxOptions => ({
        tokenKey,
        clock,
        queueConsumers: queueConsumers.map(describeConsumer),
      }),
    },
    MigrationCheck,
    OutboxWaker,
    Events,
    Outbox,
  ],
  exports: [Events, Outbox],
})
export class EventsModule extends ConfigurableModuleClass {
  static override forRoot(options: EventsModuleOptions = {}): DynamicModule {
    if (options.tokenKey !== undefined) checkSigningKey('tokenKey', options.tokenKey);
    return super.forRoot(options);
  }
}
