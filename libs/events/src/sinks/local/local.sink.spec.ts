import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TransactionHost } from '@nestjs-cls/transactional';
import { newId, PikaiaError } from '@pikaia/core';
import { DatabaseModule, writeInTransaction } from '@pikaia/database';
import { IsEmail, IsOptional } from 'class-validator';
import { ClsModule } from 'nestjs-cls';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import { connect, createDatabase, type TestDatabase } from '../../../../../test/support/database/database.js';
import { applyHostile } from '../../../../../test/support/database/hostile-parsers.cjs';
import { TcpProxy } from '../../../../../test/support/database/tcp.proxy.js';
import { pollUntil } from '../../../../../test/support/time/wait-for.js';
import { Consumer, Handles } from '../../consume/consumer.decorator.js';
import { defineConsumers } from '../../consume/consumer.definition.js';
import { ConsumerRunner } from '../../consume/consumer.runner.js';
import { PostponeError } from '../../consume/postpone.error.js';
import { Receipts, type ReceiptsOptions } from '../../consume/receipts.js';
import { DomainEvent } from '../../contract/domain-event.js';
import type { EventOf } from '../../contract/envelope.js';
import type { Outcome, SinkEvent } from '../../delivery/sink.js';
import { sinkContract, type SinkUnderTest } from '../../testing/index.js';
import { LocalSink } from './local.sink.js';

@DomainEvent('visitor.announced', { version: 1, aggregate: 'visitor' })
class VisitorAnnounced {
  @IsEmail()
  email!: string;
}

@DomainEvent('visitor.announced', { version: 2, aggregate: 'visitor' })
class VisitorAnnouncedV2 {
  @IsEmail()
  email!: string;

  @IsOptional()
  floor?: number;
}

@DomainEvent('visitor.left', { version: 1, aggregate: 'visitor' })
class VisitorLeft {
  @IsEmail()
  email!: string;
}

@Consumer('door-bell', { from: 'now' })
class DoorBell {
  rung: string[] = [];
  next: (() => unknown) | undefined;

  @Handles(VisitorAnnounced, { effect: 'external', timeoutMs: 500, maxAttempts: 4 })
  @Handles(VisitorAnnouncedV2, { effect: 'external', timeoutMs: 500 })
  async ring(event: EventOf<VisitorAnnounced | VisitorAnnouncedV2>): Promise<{ ring: string }> {
    await this.next?.();
    this.rung.push(event.event_id);
    return { ring: event.data.constructor.name };
  }

  @Handles(VisitorLeft, { effect: 'database' })
  async note(event: EventOf<VisitorLeft>): Promise<void> {
    await writeInTransaction(
      (manager) => manager.query('insert into visit (email) values ($1)', [event.data.email]),
      () => new PikaiaError('PIKAIA_TRANSACTION_REQUIRED', 'no transaction'),
    );
    await this.next?.();
  }
}

/** For the sink contract, which has a longer timeout. */
@Consumer('gate', { from: 'now' })
class Gate {
  next: ((event: EventOf<object>) => unknown) | undefined;

  @Handles(VisitorAnnounced, { effect: 'external', timeoutMs: 2000 })
  async open(event: EventOf<VisitorAnnounced>): Promise<void> {
    await this.next?.(event);
  }
}

describe('LocalSink', () => {
  let database: TestDatabase;
  let owner: pg.Client;
  let proxy: TcpProxy;
  let app: INestApplicationContext;
  let bell: DoorBell;
  let sink: LocalSink;

  beforeAll(async () => {
    database = await createDatabase();
    owner = await connect(database.ownerUrl);
    await owner.query('create table visit (email text); grant select, insert on visit to pikaia_worker');
    proxy = await TcpProxy.start(database.workerUrl);
    const settings = { databaseUrl: proxy.proxyUrl(database.workerUrl), databasePoolSize: 10, databaseStatementTimeoutMs: 5000 };
    @Module({
      imports: [ClsModule.forRoot({ global: true }), DatabaseModule.forRoot({ settings, applicationName: 'local-sink-spec' })],
    })
    class App {}
    app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  });

  beforeEach(() => {
    bell = new DoorBell();
    sink = sinkOf(bell);
  });

  afterAll(async () => {
    await Promise.all(receiptsOfSinks.map((receipts) => receipts.stop(0))); // some handlers never end
    await app.close();
    await owner.end();
    await proxy.stop();
    await database.drop();
  });

  const receiptsOfSinks: Receipts[] = [];
  const sinkOf = (instance: object, options: ReceiptsOptions = {}): LocalSink => {
    const receipts = new Receipts(app.get(DataSource), options);
    receiptsOfSinks.push(receipts);
    return new LocalSink(new ConsumerRunner(defineConsumers([instance])[0]!, receipts));
  };

  function eventOf(type: string, version = 1, data: object = { email: `${newId()}@example.com` }): SinkEvent {
    const [eventId, correlationId, occurredAt] = [newId(), newId(), new Date()];
    const envelope = {
      event_id: eventId,
      event_type: type,
      schema_version: version,
      occurred_at: occurredAt.toISOString(),
      aggregate_type: 'visitor',
      aggregate_id: 'v',
      organization_id: null,
      correlation_id: correlationId,
      actor: null,
      data,
    };
    return {
      position: '7',
      eventId,
      eventType: type,
      schemaVersion: version,
      aggregateType: 'visitor',
      aggregateId: 'v',
      organizationId: null,
      correlationId,
      occurredAt,
      payload: JSON.stringify(envelope),
      attempt: 1,
    };
  }

  const deliver = async (event: SinkEvent, to = sink): Promise<Outcome> => (await to.deliver([event]))[0]!;
  const receiptOf = async ({ eventId }: SinkEvent) => {
    const { rows } = await owner.query<Record<string, unknown>>(
      'select state, result, claimed_until from outbox.consumer_receipt where event_id = $1',
      [eventId],
    );
    return rows[0];
  };
  const visits = async ({ payload }: SinkEvent): Promise<number> => {
    const { email } = (JSON.parse(payload) as { data: { email: string } }).data;
    const { rows } = await owner.query<{ count: number }>('select count(*)::int from visit where email = $1', [email]);
    return rows[0]!.count;
  };

  describe('meets the sink contract', () => {
    const open = (): SinkUnderTest => {
      const heard: Record<string, unknown>[] = [];
      const own = new Gate();
      own.next = (event) => void heard.push({ ...event, data: { ...(event.data as object) } });
      const until = (next: () => unknown) => async () => {
        const before = own.next;
        own.next = next;
        return async () => void (own.next = before);
      };
      const withType = (event: SinkEvent, change: object): SinkEvent => {
        const envelope = { ...(JSON.parse(event.payload) as object), event_type: 'visitor.announced', ...change };
        return { ...event, eventType: 'visitor.announced', payload: JSON.stringify(envelope) };
      };
      return {
        sink: sinkOf(own),
        timeLimitMs: 5000,
        makeValid: (event) => withType(event, { data: { email: 'a@example.com' } }),
        makeInvalid: (event) => withType(event, { data: { email: 'no address' } }),
        received: async () => heard,
        disconnect: until(() => {
          throw Object.assign(new Error('no mail server'), { code: 'ECONNREFUSED' });
        }),
        stopResponding: until(() => new Promise(() => undefined)),
      };
    };
    for (const { title, run } of sinkContract(open)) it(title, run);
  });

  it('takes its name, start and types from the consumer', () => {
    expect(sink).toMatchObject({ name: 'local/door-bell', from: 'now', ordering: 'aggregate' });
    expect([...sink.types].sort()).toEqual(['visitor.announced', 'visitor.left']);
  });

  describe('with an external effect', () => {
    it('runs the effect once for repeated deliveries and stores the result of the handler', async () => {
      const event = eventOf('visitor.announced');
      expect([await deliver(event), await deliver(event)]).toEqual([{ kind: 'accepted' }, { kind: 'accepted' }]);
      expect(bell.rung).toEqual([event.eventId]);
      expect(await receiptOf(event)).toEqual({ state: 'done', result: { ring: 'VisitorAnnounced' }, claimed_until: null });
    });

    it('passes each version to its own handler as an instance of its class', async () => {
      const event = eventOf('visitor.announced', 2, { email: 'a@example.com', floor: 3 });
      await deliver(event);
      expect(await receiptOf(event)).toMatchObject({ result: { ring: 'VisitorAnnouncedV2' } });
    });

    it('runs the effect once if two processes receive the event at the same time', async () => {
      const event = eventOf('visitor.announced');
      let release: () => void = () => undefined;
      bell.next = () => new Promise<void>((resolve) => (release = resolve));
      const first = deliver(event);
      await pollUntil(async () => (await receiptOf(event))?.['state'] === 'claimed');
      const second = await deliver(event, sinkOf(new DoorBell()));
      release();
      expect(second).toMatchObject({ kind: 'postponed', error: expect.any(PostponeError), retryAfterMs: expect.any(Number) });
      expect(await first).toEqual({ kind: 'accepted' });
      expect(bell.rung).toHaveLength(1);
    });

    it.each(['integers as text', 'integers as BigInt', 'booleans as text'])(
      'postpones an event until the claim of another process expires, with any type parsers of the application: %s',
      async (name) => {
        const event = eventOf('visitor.announced');
        await owner.query(
          `insert into outbox.consumer_receipt (consumer, event_id, state, claimed_until)
           values ('door-bell', $1, 'claimed', clock_timestamp() + interval '100 s')`,
          [event.eventId],
        );
        const undo = applyHostile(name);
        try {
          const outcome = await deliver(event);
          expect(outcome).toMatchObject({ kind: 'postponed', error: expect.any(PostponeError) });
          expect((outcome as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(0);
          expect((outcome as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(100_100);
        } finally {
          undo();
        }
      },
    );

    it('a failed event can be retried immediately, and by any process once its claim expires', async () => {
      const event = eventOf('visitor.announced');
      bell.next = () => {
        throw new Error('no bell');
      };
      expect(await deliver(event)).toMatchObject({ kind: 'refused', permanent: false, maxAttempts: 4 });
      expect(await receiptOf(event)).toBeUndefined();
      await owner.query(
        `insert into outbox.consumer_receipt (consumer, event_id, state, claimed_until)
         values ('door-bell', $1, 'claimed', clock_timestamp() - interval '1 ms')`,
        [event.eventId],
      );
      bell.next = undefined;
      expect(await deliver(event)).toEqual({ kind: 'accepted' });
    });

    it('a handler that exceeds its timeout does not process the event twice', async () => {
      const event = eventOf('visitor.announced');
      let release: () => void = () => undefined;
      bell.next = () => new Promise<void>((resolve) => (release = resolve));
      expect(await deliver(event)).toMatchObject({ kind: 'refused', error: { code: 'PIKAIA_HANDLER_TIMEOUT' } });
      expect(await deliver(event)).toMatchObject({ kind: 'postponed' });
      release();
      await pollUntil(async () => (await receiptOf(event))?.['state'] === 'done');
      // The process learns a moment later that the receipt is written.
      await pollUntil(async () => (await deliver(event)).kind === 'accepted');
      expect(bell.rung).toHaveLength(1);
    });
  });

  describe('with a database effect', () => {
    it('postpones an event whose COMMIT got no response, and its receipt prevents a second effect', async () => {
      const event = eventOf('visitor.left');
      bell.next = () => proxy.dropResponsesTo('COMMIT');
      const delivered = deliver(event);
      await pollUntil(() => receiptOf(event)); // the server committed
      proxy.disconnectAll();
      expect(await delivered).toMatchObject({ kind: 'postponed', error: { code: 'PIKAIA_TRANSACTION_IN_DOUBT' } });
      bell.next = undefined;
      await pollUntil(
        () => deliver(event), // idle connections were cut as well, and each one fails once
        ({ kind }) => kind === 'accepted',
      );
      expect(await visits(event)).toBe(1);
    });

    it('writes the effect and the receipt once, even if two processes receive the event at the same time', async () => {
      const event = eventOf('visitor.left');
      const outcomes = await Promise.all([deliver(event), deliver(event, sinkOf(new DoorBell())), deliver(event)]);
      expect(outcomes).toEqual(outcomes.map(() => ({ kind: 'accepted' })));
      expect(await visits(event)).toBe(1);
    });

    it('rolls back effect and receipt if the handler fails', async () => {
      const event = eventOf('visitor.left');
      bell.next = () => {
        throw new Error('no');
      };
      expect(await deliver(event)).toMatchObject({ kind: 'refused' });
      expect([await visits(event), await receiptOf(event)]).toEqual([0, undefined]);
      bell.next = undefined;
      await deliver(event);
      expect(await visits(event)).toBe(1);
    });
  });

  describe('a replay', () => {
    const again = (event: SinkEvent): SinkEvent => ({ ...event, replayed: newId() });

    it('runs a database effect again, once for each replay, and tells the handler that it is a replay', async () => {
      const event = eventOf('visitor.left');
      await deliver(event);
      const replay = again(event);
      expect([await deliver(replay), await deliver(replay), await deliver(event)]).toEqual(Array(3).fill({ kind: 'accepted' }));
      expect(await visits(event)).toBe(2);
      await deliver(again(event));
      expect(await visits(event)).toBe(3);
    });

    it('does not repeat an external effect unless the handler allows it', async () => {
      const event = eventOf('visitor.announced');
      await deliver(event);
      expect(await deliver(again(event))).toEqual({ kind: 'accepted', skipped: true });
      expect(bell.rung).toHaveLength(1);
      @Consumer('loud-bell', { from: 'now' })
      class LoudBell {
        readonly heard: (string | undefined)[] = [];

        @Handles(VisitorAnnounced, { effect: 'external', replay: 'run' })
        ring({ replayed }: EventOf<VisitorAnnounced>): void {
          this.heard.push(replayed);
        }
      }
      const loud = new LoudBell();
      const replay = again(event);
      const to = sinkOf(loud);
      for (const one of [event, replay, replay]) expect(await deliver(one, to)).toEqual({ kind: 'accepted' });
      expect(loud.heard).toEqual([undefined, replay.replayed]);
    });
  });

  it.each([
    ['a PostponeError', new PostponeError('later', { retryAfterMs: 50 }), { retryAfterMs: 50 }],
    ['a refused connection', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), {}],
    ['one among the causes', new Error('mail', { cause: Object.assign(new Error('x'), { code: 'ETIMEDOUT' }) }), {}],
    ['a database that shuts down', Object.assign(new Error('x'), { code: '57P01' }), {}],
  ])('postpones for %s', async (_name, error, expected) => {
    bell.next = () => {
      throw error;
    };
    expect(await deliver(eventOf('visitor.announced'))).toEqual({ kind: 'postponed', error, ...expected });
  });

  it('postpones an event of an unknown version until a newer worker runs', async () => {
    const outcome = await deliver(eventOf('visitor.announced', 3));
    expect(outcome).toMatchObject({ kind: 'postponed', error: { code: 'PIKAIA_EVENT_VERSION_UNKNOWN' }, retryAfterMs: 60_000 });
  });

  it('permanently refuses an event that breaks its contract, without values in the message', async () => {
    const outcome = await deliver(eventOf('visitor.announced', 1, { email: 'no address' }));
    expect(outcome).toMatchObject({ kind: 'refused', permanent: true, error: { code: 'PIKAIA_EVENT_UNREADABLE' } });
    expect(String((outcome as { error: unknown }).error)).toMatch(/: email\.$/);
  });

  it('accepts a field that a newer publisher added', async () => {
    const event = eventOf('visitor.announced', 1, { email: 'a@example.com', language: 'de' });
    expect(await deliver(event)).toEqual({ kind: 'accepted' });
  });

  it('keeps the receipt of an external effect if the transaction of its handler is rolled back', async () => {
    const receipts = new Receipts(app.get(DataSource));
    const key = { consumer: 'door-bell', eventId: newId(), correlationId: null };
    let rung = 0;
    const around = (): Promise<boolean> => receipts.aroundEffect(key, 100, async () => rung++);
    const handled = TransactionHost.getInstance().withTransaction(async () => {
      await around();
      throw new Error('planned');
    });
    await expect(handled).rejects.toThrow(/^planned$/);
    expect([await around(), rung]).toEqual([false, 1]);
  });
});
