import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { defineConsumers } from '../consume/consumer.definition.js';
import { ConsumerRunner } from '../consume/consumer.runner.js';
import { Receipts } from '../consume/receipts.js';
import { QueueConsumer, type QueueConsumerOptions } from './queue.consumer.js';

export interface QueueModuleOptions extends QueueConsumerOptions {
  /** A class with `@Consumer`. Another module of the application provides it. */
  readonly consumer: Type;
}

/**
 * Runs one consumer behind a queue, for example in a Lambda: `app.get(QueueConsumer).handleBatch(batch)`. Another module of the
 * application provides the consumer class, as in a worker. The receipts require DatabaseModule with the worker's role.
 */
@Module({})
export class QueueModule {
  /** @throws PikaiaError `PIKAIA_CONSUMER_INVALID` at the start of the application, if the class is not a valid consumer. */
  static forRoot({ consumer, ...options }: QueueModuleOptions): DynamicModule {
    return {
      module: QueueModule,
      providers: [
        {
          provide: QueueConsumer,
          inject: [ModuleRef, DataSource],
          useFactory: (modules: ModuleRef, source: DataSource) => {
            const [definition] = defineConsumers([modules.get<object>(consumer, { strict: false })]);
            return new QueueConsumer(new ConsumerRunner(definition!, new Receipts(source)), options);
          },
        },
      ],
      exports: [QueueConsumer],
    };
  }
}
