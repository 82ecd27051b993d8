import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { newId } from '@pikaia/core';
import { DatabaseModule } from '@pikaia/database';
import { ClsModule } from 'nestjs-cls';
import { DataSource } from 'typeorm';
import { defineConsumers } from '../../../libs/events/src/consume/consumer.definition.js';
import { ConsumerRunner } from '../../../libs/events/src/consume/consumer.runner.js';
import { Receipts, type ReceiptsOptions } from '../../../libs/events/src/consume/receipts.js';
import type { EnvelopeActor } from '../../../libs/events/src/contract/envelope.js';
import type { Outcome, SinkEvent } from '../../../libs/events/src/delivery/sink.js';
import { LocalSink } from '../../../libs/events/src/sinks/local/local.sink.js';

export interface ConsumerProcessOptions extends ReceiptsOptions {
  readonly poolSize?: number;
  readonly statementTimeoutMs?: number;
  /** The connection string of the pool. Default: that of the worker's role. */
  readonly poolUrl?: string;
  readonly applicationName?: string;
  /** Creates the receipts, for a planted mistake. */
  readonly createReceipts?: (source: DataSource, options: ReceiptsOptions) => Receipts;
}

/**
 * A consumer with its own pool, claims and receipts, as a worker process has them. Several of them can run in one test, but only
 * the newest can handle database effects: `@Transactional()` knows one data source for each operating system process.
 */
export class ConsumerProcess {
  private constructor(
    private readonly app: INestApplicationContext,
    readonly source: DataSource,
    readonly receipts: Receipts,
    readonly runner: ConsumerRunner,
    readonly sink: LocalSink,
  ) {}

  /** @param workerUrl the connection string of the worker's role. */
  static async start(workerUrl: string, consumer: object, options: ConsumerProcessOptions = {}): Promise<ConsumerProcess> {
    const {
      poolSize = 10,
      statementTimeoutMs = 15_000,
      poolUrl = workerUrl,
      applicationName = 'consumer-spec',
      createReceipts = (source, receiptsOptions) => new Receipts(source, receiptsOptions),
      ...receiptsOptions
    } = options;
    const settings = { databaseUrl: poolUrl, databasePoolSize: poolSize, databaseStatementTimeoutMs: statementTimeoutMs };
    @Module({ imports: [ClsModule.forRoot({ global: true }), DatabaseModule.forRoot({ settings, applicationName })] })
    class ProcessModule {}
    const app = await NestFactory.createApplicationContext(ProcessModule, { logger: false, abortOnError: false });
    const source = app.get(DataSource);
    const receipts = createReceipts(source, { url: workerUrl, ...receiptsOptions });
    const runner = new ConsumerRunner(defineConsumers([consumer])[0]!, receipts);
    return new ConsumerProcess(app, source, receipts, runner, new LocalSink(runner));
  }

  async deliver(event: SinkEvent): Promise<Outcome> {
    return (await this.sink.deliver([event]))[0]!;
  }

  async stop(receiptsTimeoutMs = 0): Promise<void> {
    await this.receipts.stop(receiptsTimeoutMs);
    await this.app.close();
  }
}

/** An event as a relay hands it to a sink. */
export function sinkEvent(type: string, data: object = {}, actor: EnvelopeActor | null = null): SinkEvent {
  const [eventId, correlationId, occurredAt] = [newId(), newId(), new Date()];
  const fields = { event_type: type, schema_version: 1, aggregate_type: 'thing', aggregate_id: '1', organization_id: null };
  const times = { occurred_at: occurredAt.toISOString(), correlation_id: correlationId, actor };
  return {
    position: '7',
    eventId,
    eventType: type,
    schemaVersion: 1,
    aggregateType: 'thing',
    aggregateId: '1',
    organizationId: null,
    correlationId,
    occurredAt,
    payload: JSON.stringify({ event_id: eventId, ...fields, ...times, data }),
    attempt: 1,
  };
}
