import { Injectable, Module, type INestApplicationContext, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, loadSettings, PikaiaError } from '@pikaia/core';
import { DatabaseModule, Transactional, writeInTransaction } from '@pikaia/database';
import { captureLogs } from '@pikaia/logging/testing';
import { IsEmail } from 'class-validator';
import { ClsModule } from 'nestjs-cls';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { statusOf } from '../../../../test/support/outbox/events.js';
import { Consumer, Handles } from '../consume/consumer.decorator.js';
import { DomainEvent } from '../contract/domain-event.js';
import type { EventOf } from '../contract/envelope.js';
import { EventsModule } from '../record/events.module.js';
import { Events } from '../record/events.service.js';
import { Outbox } from '../wait/outbox.js';
import { RelayService, RelayModule } from './relay.module.js';
import { OutboxSettings } from './outbox.settings.js';

@DomainEvent('guest.invited', { version: 1, aggregate: 'guest' })
class GuestInvited {
  @IsEmail()
  email!: string;
}

@Consumer('guest-mail', { from: 'beginning' })
class GuestMail {
  static readonly seen: { event: EventOf<GuestInvited>; snapshot: typeof context.current }[] = [];
  static fail: (() => void | Promise<void>) | undefined;

  @Handles(GuestInvited, { effect: 'external' })
  async send(event: EventOf<GuestInvited>): Promise<{ message: string }> {
    await GuestMail.fail?.();
    GuestMail.seen.push({ event, snapshot: context.current });
    return { message: 'sent' };
  }
}

@Consumer('guest-list', { from: 'beginning' })
class GuestList {
  @Handles(GuestInvited, { effect: 'database' })
  async add(event: EventOf<GuestInvited>): Promise<void> {
    await writeInTransaction(
      (manager) => manager.query('insert into guest (email) values ($1)', [event.data.email]),
      () => new PikaiaError('PIKAIA_TRANSACTION_REQUIRED', 'no transaction'),
    );
  }
}

@Injectable()
class Host {
  constructor(private readonly events: Events) {}

  @Transactional()
  invite(id: string, email: string): Promise<string> {
    return this.events.publish(GuestInvited, { id }, { email });
  }
}

describe('RelayModule', () => {
  let database: TestDatabase;
  let owner: pg.Client;
  let app: INestApplicationContext;

  beforeAll(async () => {
    database = await createDatabase();
    owner = await connect(database.ownerUrl);
    await owner.query('create table guest (email text); grant select, insert on guest to pikaia_worker');
    app = await start();
  });

  afterAll(async () => {
    await app.close();
    await owner.end();
    await database.drop();
  });

  async function start(
    consumers: Provider[] = [GuestMail, GuestList],
    environment: NodeJS.ProcessEnv = {},
  ): Promise<INestApplicationContext> {
    const settings = { databaseUrl: database.workerUrl, databasePoolSize: 10, databaseStatementTimeoutMs: 15_000 };
    @Module({
      imports: [
        ClsModule.forRoot({ global: true }),
        DatabaseModule.forRoot({ settings, applicationName: 'relay-spec' }),
        EventsModule.forRoot({ databaseUrl: database.workerUrl, tokenKey: 'the key of the tokens in this spec' }),
        RelayModule.forRoot({ settings: loadSettings([OutboxSettings], environment)[0], databaseUrl: database.workerUrl }),
      ],
      providers: [Host, ...consumers],
    })
    class App {}
    return NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  }

  const invite = (id: string, email: string, correlationId?: string): Promise<string> =>
    context.run(correlationId ? { correlationId, organizationId: 'org' } : {}, () => app.get(Host).invite(id, email));

  /** Waits until both consumers have handled the invitation. */
  async function inviteAndWait(id: string, email: string, correlationId?: string): Promise<string> {
    const { result, token } = await app.get(Events).runWithToken(() => invite(id, email, correlationId));
    for (const consumer of ['guest-mail', 'guest-list'])
      await app.get(Outbox).waitUntilSeen(consumer, token, { timeoutMs: 45_000 });
    return result;
  }

  it('delivers a published event to each consumer, in the context of the request that caused it', async () => {
    const correlationId = '0190a000-0000-7000-8000-000000000001';
    const id = await inviteAndWait('1', 'bob@example.com', correlationId);

    const { event, snapshot } = GuestMail.seen.find(({ event }) => event.event_id === id)!;
    expect(event.data).toBeInstanceOf(GuestInvited);
    expect(event).toMatchObject({
      event_type: 'guest.invited',
      data: { email: 'bob@example.com' },
      sequence: expect.any(String),
    });
    expect(snapshot).toMatchObject({
      correlationId,
      organizationId: 'org',
      actor: { type: 'system', id: 'guest-mail' },
      event: { id, type: 'guest.invited', consumer: 'guest-mail', attempt: 1 },
    });
    const receipts = await owner.query(
      'select consumer, state, result, correlation_id from outbox.consumer_receipt where event_id = $1 order by consumer',
      [id],
    );
    expect(receipts.rows).toEqual([
      { consumer: 'guest-list', state: 'done', result: null, correlation_id: correlationId },
      { consumer: 'guest-mail', state: 'done', result: { message: 'sent' }, correlation_id: correlationId },
    ]);
  });

  it('retries only the failed handler, whose line names consumer and sink, and does not repeat the other consumer', async () => {
    using logs = captureLogs();
    GuestMail.fail = () => {
      GuestMail.fail = undefined;
      throw new Error('no');
    };
    const id = await invite('2', 'carol@example.com');
    await pollUntil(
      () => statusOf(owner, id),
      ({ status, attempts }) => status === 'published' && attempts === 1,
    );
    const { rows } = await owner.query(`select sink, error from outbox.outbox_attempt where event_id = $1`, [id]);
    expect(rows).toEqual([{ sink: 'local/guest-mail', error: 'Error: no' }]);
    logs.one('event_refused', { 'event.id': id, consumer: 'guest-mail', sink: 'local/guest-mail' });
    const guests = await owner.query(`select from guest where email = 'carol@example.com'`);
    expect(guests.rowCount).toBe(1);
  });

  it('an effect happens once if the leader dies between the effect and the store of the cursor', async () => {
    const sql = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pikaia-relay local/guest-mail'`;
    GuestMail.fail = async () => {
      GuestMail.fail = undefined;
      await owner.query(sql);
    };
    const id = await invite('3', 'dora@example.com');
    await pollUntil(
      () => statusOf(owner, id),
      ({ status }) => status === 'published',
    );
    expect(GuestMail.seen.filter(({ event }) => event.event_id === id)).toHaveLength(1);
  });

  it('runs only the consumers that EVENT_CONSUMERS names', async () => {
    const second = await start(undefined, { EVENT_CONSUMERS: 'guest-list' });
    try {
      expect(
        second
          .get(RelayService)
          .health()
          .map(({ sink }) => sink),
      ).toEqual(['local/guest-list']);
    } finally {
      await second.close();
    }
    await expect(start(undefined, { EVENT_CONSUMERS: 'guest-list,guests' })).rejects.toMatchObject({
      code: 'PIKAIA_CONSUMER_UNKNOWN',
    });
  });

  it('does not start without a sink', async () => {
    await expect(start([])).rejects.toMatchObject({ code: 'PIKAIA_EVENT_SINKS_EMPTY' });
  });

  it('does not start if a handler may take as long as a stalled sink', async () => {
    @Consumer('guest-report', { from: 'now' })
    class GuestReport {
      @Handles(GuestInvited, { effect: 'database', timeoutMs: 60_000 })
      async report(): Promise<void> {}
    }
    await expect(start([GuestReport])).rejects.toMatchObject({
      code: 'PIKAIA_SETTINGS_INVALID',
      message: expect.stringContaining('OUTBOX_STALLED_AFTER_MS is 60000: it must be above timeoutMs of report in guest-report'),
    });
  });

  it('reports the health of each relay for readiness', async () => {
    const health = await pollUntil(
      () => app.get(RelayService).health(),
      (relays) => relays.every(({ state }) => state === 'leading'),
    );
    expect(health.map(({ sink }) => sink).sort()).toEqual(['local/guest-list', 'local/guest-mail']);
    expect(health[0]).toMatchObject({
      term: { lagMs: 0, failingSince: null, paused: false },
      progress: 'advancing',
      error: null,
    });
  });
});
