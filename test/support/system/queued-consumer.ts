import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DatabaseModule } from '@pikaia/database';
import { QueueConsumer, QueueModule } from '@pikaia/events';
import { CONSUMERS, type DeployedConsumer } from '@pikaia/reactions';
import { ClsModule } from 'nestjs-cls';
import type pg from 'pg';
import { queueRecord } from '../aws/queue.records.js';
import { connect, type TestDatabase } from '../database/database.js';
import { createApiDatabase } from './api-database.js';

/** A consumer of the example behind a queue, as a Lambda runs it, with the database of the api. */
export class QueuedConsumer {
  owner!: pg.Client;
  private database!: TestDatabase;
  private app!: INestApplicationContext;

  constructor(private readonly consumer: DeployedConsumer['consumer']) {}

  async open(): Promise<void> {
    const { consumer } = this;
    this.database = await createApiDatabase();
    this.owner = await connect(this.database.ownerUrl);
    const settings = { databaseUrl: this.database.workerUrl, databasePoolSize: 4, databaseStatementTimeoutMs: 15_000 };
    const { createModule } = CONSUMERS.find((deployed) => deployed.consumer === consumer)!;
    @Module({
      imports: [
        ClsModule.forRoot({ global: true }),
        DatabaseModule.forRoot({ settings, applicationName: 'spec' }),
        createModule({}, '/nowhere'),
        QueueModule.forRoot({ consumer }),
      ],
    })
    class LambdaModule {}
    this.app = await NestFactory.createApplicationContext(LambdaModule, { logger: ['error'] });
  }

  /** Delivers one batch. Batches can be delivered at the same time, as Lambda starts its executions. */
  async deliver(events: readonly object[]): Promise<void> {
    const response = await this.app.get(QueueConsumer).handleBatch({ Records: events.map((event) => queueRecord(event)) });
    expect(response.batchItemFailures).toEqual([]);
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.owner.end();
    await this.database.drop();
  }
}
