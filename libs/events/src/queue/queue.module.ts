import { ConfigurableModuleBuilder, Module, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { requireModuleOptions } from '@pikaia/core';
import { DATA_SOURCE, DatabaseAccessModule } from '@pikaia/database';
import type { DataSource } from 'typeorm';
import { defineConsumers } from '../consume/consumer.definition.js';
import { ConsumerRunner } from '../consume/consumer.runner.js';
import { Receipts } from '../consume/receipts.js';
import { refuseUnreachableTimeouts } from '../consume/session-timeouts.js';
import { QueueConsumer, type QueueConsumerOptions } from './queue.consumer.js';

export interface QueueModuleOptions extends QueueConsumerOptions {
  /** A class with `@Consumer`. Another module of the application provides it. */
  readonly consumer: Type;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<QueueModuleOptions>()
  .setClassMethodName('forRoot')
  .build();

/**
 * Runs one consumer behind a queue, for example in a Lambda: `app.get(QueueConsumer).handleBatch(batch)`. Another module of the
 * application provides the consumer class, as in a worker. The receipts require DatabaseModule with the worker's role.
 *
 * The start of the application fails with `PIKAIA_CONSUMER_INVALID` if the class is not a valid consumer, `PIKAIA_UPCASTER_INVALID` or
 * `PIKAIA_UPCASTER_MISSING` if it could not read an older version, and `PIKAIA_HANDLER_TIMEOUT_TOO_LONG` if the server would end a
 * transaction before its handler's timeout.
 */
@Module({
  imports: [DatabaseAccessModule],
  providers: [
    { provide: MODULE_OPTIONS_TOKEN, useValue: {} }, // of the class alone
    {
      provide: Receipts,
      inject: [DATA_SOURCE],
      // An execution that has ended does not renew its claim, so an expired claim is taken over at once.
      useFactory: (source: DataSource) => new Receipts(source, { takeoverDelayMs: 0 }),
    },
    {
      provide: QueueConsumer,
      inject: [ModuleRef, DATA_SOURCE, Receipts, MODULE_OPTIONS_TOKEN],
      useFactory: async (modules: ModuleRef, source: DataSource, receipts: Receipts, given: QueueModuleOptions) => {
        const { consumer, ...options } = requireModuleOptions('QueueModule', given, ['consumer']);
        const definitions = defineConsumers([modules.get<object>(consumer, { strict: false })]);
        await refuseUnreachableTimeouts(source, definitions);
        return new QueueConsumer(new ConsumerRunner(definitions[0]!, receipts), options);
      },
    },
  ],
  exports: [QueueConsumer],
})
export class QueueModule extends ConfigurableModuleClass {}
