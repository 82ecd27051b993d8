import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { defineConsumers } from '../consume/consumer.definition.js';
import { ConsumerRunner } from '../consume/consumer.runner.js';
import { Receipts } from '../consume/receipts.js';
import { QueueConsumer, type QueueConsumerOptions } from './queue.consumer.js';

export interface QueueModuleOptions extends QueueConsumerOptions {
  readonly consumer: Type;
}

/**
 * One consumer behind a queue, as in a Lambda: `app.get(QueueConsumer).take(batch)`. The class is a provider of another
 * module of the application, as in a worker; receipts need DatabaseModule beside it, with the worker's role.
 */
@Module({})
export class QueueModule {
  /** @throws PikaiaError `PIKAIA_CONSUMER_INVALID` when the application starts. */
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
