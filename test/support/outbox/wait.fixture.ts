import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, newId } from '@pikaia/core';
import { DatabaseModule, Propagation, Transactional } from '@pikaia/database';
import { Consumer, DomainEvent, Events, EventsModule, Handles, Outbox, type ContractClass } from '@pikaia/events';
import { IsInt } from 'class-validator';
import { ClsModule } from 'nestjs-cls';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import { registerSinks } from '../../../libs/events/src/log/register-sinks.js';
import { connect, createDatabase, type TestDatabase } from '../database/database.js';

@DomainEvent('count.raised', { version: 1, aggregate: 'count' })
export class CountRaised {
  @IsInt()
  by!: number;
}

@DomainEvent('count.named', { version: 1, aggregate: 'count' })
export class CountNamed {
  @IsInt()
  by!: number;
}

@Consumer('behind-queue', { from: 'beginning' })
class BehindQueue {
  @Handles(CountRaised, { effect: 'database' })
  async handle(): Promise<void> {}
}

@Injectable()
export class Counts {
  constructor(private readonly events: Events) {}

  /** Publishes one event of each contract in one transaction. */
  @Transactional()
  async publish(contracts: readonly ContractClass[], aggregate = 'a'): Promise<string[]> {
    const ids: string[] = [];
    for (const contract of contracts) ids.push(await this.events.publish(contract, { id: aggregate }, { by: 1 }));
    return ids;
  }

  /** Publishes one event of each contract in one transaction, each of another aggregate. */
  @Transactional()
  async publishApart(contracts: readonly ContractClass[]): Promise<string[]> {
    const ids: string[] = [];
    for (const contract of contracts) ids.push(await this.events.publish(contract, { id: newId() }, { by: 1 }));
    return ids;
  }

  @Transactional()
  async run<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  @Transactional(Propagation.Nested)
  async nested<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }
}

export const TOKEN_KEY = 'the key of the tokens in these specs';
/** A consumer whose sink has registered `count.raised`. The spec writes its receipts. */
export const CONSUMER = 'in-worker';
export const SINK = `local/${CONSUMER}`;

/** An application that publishes events and waits, with a pool of two connections. There is no worker. */
export class WaitFixture {
  database!: TestDatabase;
  events!: Events;
  outbox!: Outbox;
  counts!: Counts;
  source!: DataSource;
  owner!: pg.Client;
  worker!: pg.Client;
  private app!: INestApplicationContext;

  async open(): Promise<void> {
    this.database = await createDatabase();
    const { apiUrl: databaseUrl, ownerUrl, workerUrl } = this.database;
    [this.owner, this.worker] = [await connect(ownerUrl), await connect(workerUrl)];
    const settings = { databaseUrl, databasePoolSize: 2, databaseStatementTimeoutMs: 5_000 };
    const events = { databaseUrl, tokenKey: TOKEN_KEY, queueConsumers: [BehindQueue] };
    @Module({
      imports: [
        ClsModule.forRoot({ global: true }),
        DatabaseModule.forRoot({ settings, applicationName: 'spec' }),
        EventsModule.forRoot(events),
      ],
      providers: [Counts],
    })
    class WaitModule {}
    this.app = await NestFactory.createApplicationContext(WaitModule, { logger: ['error'] });
    this.events = this.app.get(Events);
    this.outbox = this.app.get(Outbox);
    this.counts = this.app.get(Counts);
    this.source = this.app.get(DataSource);
    await this.registerSink(SINK, 'beginning');
  }

  async reset(): Promise<void> {
    await this.owner.query('truncate outbox.outbox_log, outbox.outbox_delivery, outbox.consumer_receipt');
    await this.owner.query(`update outbox.outbox_sink set state = 'active'`);
  }

  /** Registers a sink that receives \`count.raised\`. */
  registerSink(name: string, from: 'beginning' | 'now'): Promise<void> {
    return registerSinks(this.database.workerUrl, [{ name, from, ordering: 'aggregate', types: ['count.raised'] }], 'spec');
  }

  async close(): Promise<void> {
    await this.stop();
    await Promise.all([this.owner.end(), this.worker.end()]);
    await this.database.drop();
  }

  /** Stops the application. */
  async stop(): Promise<void> {
    await this.app.close();
  }

  /** Runs work with the token of its changes. */
  track<T>(work: () => Promise<T>): Promise<{ result: T; token: string }> {
    return context.run({}, () => this.events.runWithToken(work));
  }

  /** Publishes events in one transaction, with the token of the change. */
  async change(...contracts: ContractClass[]): Promise<{ ids: string[]; token: string }> {
    const { result, token } = await this.track(() => this.counts.publish(contracts));
    return { ids: result, token };
  }

  /** Writes the receipt of an event. */
  async handle(id: string, consumer = CONSUMER, state = 'done'): Promise<void> {
    await this.worker.query(
      'insert into outbox.consumer_receipt (consumer, event_id, state, done_at) values ($1, $2, $3, now())',
      [consumer, id, state],
    );
  }

  /** Stores the delivery of an event that its sink refused, or that waits. */
  async deliver(id: string, status: string): Promise<void> {
    await this.worker.query(
      `insert into outbox.outbox_delivery (sink, event_id, position, status, event_type, schema_version, aggregate_type, aggregate_id,
         organization_id, correlation_id, occurred_at, payload)
       select $2, event_id, position, $3, event_type, schema_version, aggregate_type, aggregate_id, organization_id, correlation_id,
         occurred_at, payload from outbox.outbox_log where event_id = $1`,
      [id, SINK, status],
    );
  }
}
