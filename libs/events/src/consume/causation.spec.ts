import { Inject, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, newId } from '@pikaia/core';
import { DatabaseModule, Transactional } from '@pikaia/database';
import { IsOptional } from 'class-validator';
import fc from 'fast-check';
import { ClsModule } from 'nestjs-cls';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { sinkEvent } from '../../../../test/support/outbox/consumer.process.js';
import { toCloudEvent } from '../contract/cloud-event.js';
import { DomainEvent } from '../contract/domain-event.js';
import type { Envelope, EventOf } from '../contract/envelope.js';
import { serializeEvent } from '../delivery/serialize-event.js';
import type { SinkEvent } from '../delivery/sink.js';
import { QueueConsumer } from '../queue/queue.consumer.js';
import { EventsModule } from '../record/events.module.js';
import { Events } from '../record/events.service.js';
import { toEntry } from '../sinks/eventbridge/bus-entry.js';
import { LocalSink } from '../sinks/local/local.sink.js';
import { Consumer, Handles } from './consumer.decorator.js';
import { defineConsumers } from './consumer.definition.js';
import { ConsumerRunner } from './consumer.runner.js';
import { parseEvent } from './event.parser.js';
import { Receipts } from './receipts.js';

@DomainEvent('order.placed', { version: 1, aggregate: 'thing' })
class OrderPlaced {
  @IsOptional()
  pauseMs?: number;
}

@DomainEvent('parcel.packed', { version: 1, aggregate: 'thing' })
class ParcelPacked {
  @IsOptional()
  order?: string;
}

@DomainEvent('parcel.sent', { version: 1, aggregate: 'thing' })
class ParcelSent {
  @IsOptional()
  by?: string;
}

@Consumer('warehouse', { from: 'now' })
class Warehouse {
  /** Runs in the handler of OrderPlaced instead of `pack`. */
  work: ((event: EventOf<OrderPlaced>) => Promise<unknown>) | undefined;

  constructor(@Inject(Events) private readonly events: Events) {}

  @Handles(OrderPlaced, { effect: 'external', replay: 'run' })
  async onPlaced(event: EventOf<OrderPlaced>): Promise<void> {
    if (this.work) await this.work(event);
    else await this.pack(event.event_id);
  }

  @Handles(ParcelPacked, { effect: 'database' })
  async onPacked(): Promise<void> {
    await this.events.publish(ParcelSent, { id: '1' }, {});
  }

  @Transactional()
  async pack(order: string): Promise<string> {
    return this.events.publish(ParcelPacked, { id: '1' }, { order });
  }
}

let database: TestDatabase;
let owner: pg.Client;
let app: INestApplicationContext;
let warehouse: Warehouse;
let sink: LocalSink;
let queue: QueueConsumer;

beforeAll(async () => {
  database = await createDatabase();
  owner = await connect(database.ownerUrl);
  const settings = { databaseUrl: database.workerUrl, databasePoolSize: 10, databaseStatementTimeoutMs: 15_000 };
  @Module({
    imports: [
      ClsModule.forRoot({ global: true }),
      DatabaseModule.forRoot({ settings, applicationName: 'causation-spec' }),
      EventsModule.forRoot({ databaseUrl: database.workerUrl }),
    ],
    providers: [Warehouse],
  })
  class SpecModule {}
  app = await NestFactory.createApplicationContext(SpecModule, { logger: false, abortOnError: false });
  warehouse = app.get(Warehouse);
  const runner = new ConsumerRunner(defineConsumers([warehouse])[0]!, new Receipts(app.get(DataSource)));
  sink = new LocalSink(runner);
  queue = new QueueConsumer(runner);
});

beforeEach(async () => {
  warehouse.work = undefined;
  await owner.query('truncate outbox.outbox_log');
});

afterAll(async () => {
  await app.close();
  await owner.end();
  await database.drop();
});

async function deliver(event: SinkEvent): Promise<void> {
  expect(await sink.deliver([event])).toEqual([{ kind: 'accepted' }]);
}

/** The published events, oldest first, as a relay hands them to a sink. */
async function published(): Promise<(SinkEvent & { envelope: Envelope; causation_id: string | null })[]> {
  const { rows } = await owner.query<{ text: string; position: string; causation_id: string | null }>(
    'select payload::text as text, position::text, causation_id from outbox.outbox_log e order by e.position',
  );
  return rows.map(({ text, position, causation_id }) => {
    const envelope = JSON.parse(text) as Envelope;
    const { event_id: eventId, event_type: eventType, correlation_id: correlationId } = envelope;
    return { ...sinkEvent(eventType), eventId, correlationId, position, payload: text, envelope, causation_id };
  });
}

const causesOf = async (): Promise<(string | undefined)[]> =>
  (await published()).map(({ envelope: { causation_id: cause } }) => cause);

describe('the cause of an event', () => {
  it('is the event whose handler published it, for each event of a chain, in the envelope and in the log', async () => {
    const placed = sinkEvent('order.placed');
    await deliver(placed);
    const [packed] = await published();
    await deliver(packed!);
    const chain = await published();
    expect(chain.map(({ eventType }) => eventType)).toEqual(['parcel.packed', 'parcel.sent']);
    expect(chain.map(({ envelope }) => envelope.causation_id)).toEqual([placed.eventId, packed!.eventId]);
    expect(chain.map(({ causation_id }) => causation_id)).toEqual([placed.eventId, packed!.eventId]);
    expect(chain.map(({ correlationId }) => correlationId)).toEqual([placed.correlationId, placed.correlationId]);
  });

  it('is absent from an event that a request publishes', async () => {
    await context.run({}, () => warehouse.pack('o1'));
    const [event] = await published();
    expect(event!.envelope).not.toHaveProperty('causation_id');
    expect(event!.causation_id).toBeNull();
  });

  it.each([
    ['an envelope', (event: SinkEvent) => serializeEvent(event)],
    ['an EventBridge event', (event: SinkEvent) => busEvent(event)],
    ['a CloudEvent', (event: SinkEvent) => cloudEvent(event)],
  ])('is the same behind a queue that contains %s', async (_, bodyOf) => {
    const placed = sinkEvent('order.placed');
    const records = { Records: [{ messageId: 'm1', body: bodyOf(placed) }] };
    expect(await queue.handleBatch(records)).toEqual({ batchItemFailures: [] });
    expect(await causesOf()).toEqual([placed.eventId]);
    const [packed] = await published();
    expect(await parseEvent(ParcelPacked, bodyOf(packed!))).toMatchObject({ causation_id: placed.eventId });
  });

  it('is the original event for what a replay publishes again', async () => {
    const placed = sinkEvent('order.placed');
    await deliver(placed);
    await deliver({ ...placed, replayed: newId() });
    expect(await causesOf()).toEqual([placed.eventId, placed.eventId]);
    const [packed] = await published();
    expect(JSON.parse(serializeEvent({ ...packed!, replayed: newId() }))).toMatchObject({ causation_id: placed.eventId });
  });

  it('is absent after the handler has ended, also for a timer that it started', async () => {
    let late: Promise<unknown> | undefined;
    const gate = Promise.withResolvers<void>();
    warehouse.work = async ({ event_id: id }) => {
      late = (async () => {
        await gate.promise;
        await warehouse.pack(id);
      })();
      await warehouse.pack(id);
    };
    const placed = sinkEvent('order.placed');
    await deliver(placed);
    gate.resolve();
    await late;
    expect(await causesOf()).toEqual([placed.eventId, undefined]);
  });

  it('is absent after a handler that failed', async () => {
    const gate = Promise.withResolvers<void>();
    let late: Promise<unknown> | undefined;
    warehouse.work = () => {
      late = gate.promise.then(() => warehouse.pack('late'));
      return Promise.reject(new Error('no'));
    };
    expect(await sink.deliver([sinkEvent('order.placed')])).toMatchObject([{ kind: 'refused' }]);
    gate.resolve();
    await late;
    expect(await causesOf()).toEqual([undefined]);
  });

  it('is absent from work in its own context, unless that context names it', async () => {
    warehouse.work = async ({ event_id: causationId, correlation_id: correlationId }) => {
      await context.run({ correlationId }, () => warehouse.pack('own'));
      await context.run({ correlationId, causationId }, () => warehouse.pack('named'));
    };
    const placed = sinkEvent('order.placed');
    await deliver(placed);
    expect(await causesOf()).toEqual([undefined, placed.eventId]);
  });

  it('must be a UUID', async () => {
    await context.run({ causationId: 'order 7' }, () =>
      expect(warehouse.pack('o1')).rejects.toMatchObject({
        code: 'PIKAIA_CONTEXT_INVALID',
        message: expect.stringMatching(/^The causation id of the context is not a UUID/),
      }),
    );
    const { payload } = sinkEvent('parcel.packed');
    const forged = { ...(JSON.parse(payload) as object), causation_id: 'order 7' };
    await expect(parseEvent(ParcelPacked, forged)).rejects.toMatchObject({
      code: 'PIKAIA_EVENT_UNREADABLE',
      message: expect.stringMatching(/: causation_id\.$/),
    });
  });

  it('is never that of another event or of a request, however handlers and requests interleave', async () => {
    const pauses = fc.array(fc.nat(3), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ handler: fc.boolean(), pauses }), { minLength: 2, maxLength: 8 }), async (works) => {
        await owner.query('truncate outbox.outbox_log');
        warehouse.work = async ({ event_id: id, data }) => {
          for (const pause of (data as { pauses: number[] }).pauses) {
            await (pause ? delay(pause) : null);
            await warehouse.pack(id);
          }
        };
        await Promise.all(
          works.map(async ({ handler, pauses: given }) => {
            if (handler) return deliver(sinkEvent('order.placed', { pauses: given }));
            return context.run({}, async () => {
              for (const pause of given) {
                await (pause ? delay(pause) : null);
                await warehouse.pack('request');
              }
            });
          }),
        );
        const events = await published();
        expect(events).toHaveLength(works.flatMap(({ pauses: given }) => given).length);
        for (const { envelope } of events) {
          const { order } = envelope.data as ParcelPacked;
          expect(envelope.causation_id).toBe(order === 'request' ? undefined : order);
        }
      }),
      { seed: 9, numRuns: 25 },
    );
  });
});

function busEvent(event: SinkEvent): string {
  const { DetailType, Detail } = toEntry(event, 'bus');
  return JSON.stringify({ 'detail-type': DetailType, detail: JSON.parse(Detail!) as unknown });
}

const cloudEvent = (event: SinkEvent): string =>
  JSON.stringify(toCloudEvent(JSON.parse(serializeEvent(event)) as Envelope & { sequence: string }));
