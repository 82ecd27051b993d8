import { Module, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DatabaseModule } from '@pikaia/database';
import { captureLogs } from '@pikaia/logging/testing';
import { IsString } from 'class-validator';
import { ClsModule } from 'nestjs-cls';
import type pg from 'pg';
import { queueRecord } from '../../../../test/support/aws/queue.records.js';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { sinkEvent } from '../../../../test/support/outbox/consumer.process.js';
import { Consumer, Handles } from '../consume/consumer.decorator.js';
import { DomainEvent } from '../contract/domain-event.js';
import type { EventOf } from '../contract/envelope.js';
import { Upcast } from '../contract/upcast.decorator.js';
import { QueueConsumer, type QueueRecord } from './queue.consumer.js';
import { QueueModule } from './queue.module.js';

@DomainEvent('ticket.sold', { version: 1, aggregate: 'ticket' })
class TicketSold {
  @IsString()
  seat!: string;
}

@DomainEvent('ticket.sold', { version: 2, aggregate: 'ticket' })
class TicketSoldV2 {
  @IsString()
  row!: string;

  @Upcast(TicketSold, TicketSoldV2)
  static fromV1({ seat }: TicketSold): TicketSoldV2 {
    return { row: /^[A-Z]/.exec(seat)![0] };
  }
}

@DomainEvent('ticket.returned', { version: 2, aggregate: 'ticket' })
class TicketReturnedV2 {}

@Consumer('printer', { from: 'now' })
class Printer {
  readonly printed: unknown[] = [];

  @Handles(TicketSoldV2, { effect: 'external' })
  print({ data, schema_version, upcast_from }: EventOf<TicketSoldV2>): { row: string } {
    this.printed.push([data instanceof TicketSoldV2, schema_version, upcast_from]);
    return { row: data.row };
  }
}

@Consumer('refund', { from: 'now' })
class Refund {
  @Handles(TicketReturnedV2, { effect: 'external' })
  pay(): void {}
}

describe('a consumer of version 2 behind a queue', () => {
  let database: TestDatabase;
  let owner: pg.Client;
  let app: INestApplicationContext;

  beforeAll(async () => {
    database = await createDatabase();
    owner = await connect(database.ownerUrl);
    app = await start(Printer);
  });
  afterAll(async () => {
    await app.close();
    await owner.end();
    await database.drop();
  });

  function start(consumer: Type): Promise<INestApplicationContext> {
    const settings = { databaseUrl: database.workerUrl, databasePoolSize: 2, databaseStatementTimeoutMs: 5_000 };
    @Module({
      imports: [
        ClsModule.forRoot({ global: true }),
        DatabaseModule.forRoot({ settings, applicationName: 'queue-spec' }),
        QueueModule.forRoot({ consumer }),
      ],
      providers: [consumer],
    })
    class QueueApplication {}
    return NestFactory.createApplicationContext(QueueApplication, { logger: false, abortOnError: false });
  }

  /** The record of an event that EventBridge forwarded. */
  function sold(data: object, version = 1): { record: QueueRecord; eventId: string } {
    const { eventId, payload } = sinkEvent('ticket.sold', data);
    const detail = { ...(JSON.parse(payload) as object), schema_version: version, sequence: '7' };
    return { eventId, record: queueRecord({ 'detail-type': 'ticket.sold', detail }) };
  }

  it('receives stored events of version 1 as version 2, once', async () => {
    const [first, second] = [sold({ seat: 'A7' }), sold({ row: 'B' }, 2)];
    const batch = { Records: [first.record, second.record, first.record] };
    expect(await app.get(QueueConsumer).handleBatch(batch)).toEqual({ batchItemFailures: [] });
    expect(app.get(Printer).printed).toEqual([
      [true, 2, 1],
      [true, 2, undefined],
    ]);
    const { rows } = await owner.query<object>(
      'select event_id, state, result from outbox.consumer_receipt order by result::text',
    );
    expect(rows).toEqual([
      { event_id: first.eventId, state: 'done', result: { row: 'A' } },
      { event_id: second.eventId, state: 'done', result: { row: 'B' } },
    ]);
  });

  it('returns an event whose upcaster throws to the queue, without a receipt', async () => {
    const { record, eventId } = sold({ seat: '7' });
    const logs = captureLogs();
    const answer = await app.get(QueueConsumer).handleBatch({ Records: [record] });
    logs.restore();
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: record.messageId }] });
    expect(logs.records).toContainEqual(
      expect.objectContaining({ event: 'event_refused', 'error.code': 'PIKAIA_EVENT_UPCAST_FAILED' }),
    );
    expect((await owner.query('select from outbox.consumer_receipt where event_id = $1', [eventId])).rowCount).toBe(0);
  });

  it('does not start if it could not read version 1', async () => {
    await expect(start(Refund)).rejects.toMatchObject({ code: 'PIKAIA_UPCASTER_MISSING' });
  });
});
