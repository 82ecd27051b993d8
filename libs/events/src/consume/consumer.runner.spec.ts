import { context, PikaiaError } from '@pikaia/core';
import { Transactional, writeInTransaction } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import { captureLogs } from '@pikaia/logging/testing';
import { IsOptional } from 'class-validator';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { ConsumerProcess, sinkEvent } from '../../../../test/support/outbox/consumer.process.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { DomainEvent } from '../contract/domain-event.js';
import type { EventOf } from '../contract/envelope.js';
import type { SinkEvent } from '../delivery/sink.js';
import { Consumer, Handles, type HandlerCall } from './consumer.decorator.js';

@DomainEvent('door.opened', { version: 1, aggregate: 'door' })
class DoorOpened {
  @IsOptional()
  by?: string;
}

@DomainEvent('door.closed', { version: 1, aggregate: 'door' })
class DoorClosed {
  @IsOptional()
  by?: string;
}

const TIMEOUT_MS = 300;

@Consumer('porter', { from: 'now' })
class Porter {
  readonly calls: string[] = [];
  work: (event: EventOf<object>, call: HandlerCall) => unknown = () => undefined;

  @Handles(DoorOpened, { effect: 'external', timeoutMs: TIMEOUT_MS })
  greet(event: EventOf<DoorOpened>, call: HandlerCall): unknown {
    this.calls.push(event.event_id);
    return this.work(event, call);
  }

  @Handles(DoorClosed, { effect: 'database', timeoutMs: TIMEOUT_MS })
  note(event: EventOf<DoorClosed>, call: HandlerCall): unknown {
    this.calls.push(event.event_id);
    return this.work(event, call);
  }

  @Transactional()
  async noteInTransaction(name: string): Promise<void> {
    await insert(name);
  }
}

const insert = (name: string): Promise<unknown> =>
  writeInTransaction(
    (manager) => manager.query('insert into visit (name) values ($1)', [name]),
    () => new PikaiaError('PIKAIA_SPEC_NO_TRANSACTION', 'no transaction'),
  );

const TYPES = ['door.opened', 'door.closed'] as const;
const EFFECTS = { 'door.opened': 'external', 'door.closed': 'database' } as const;
const ACCEPTED = { kind: 'accepted' };
const TIMED_OUT = { kind: 'refused', permanent: false, error: { code: 'PIKAIA_HANDLER_TIMEOUT' } };

describe('ConsumerRunner', () => {
  let database: TestDatabase;
  let owner: pg.Client;
  let process: ConsumerProcess;
  const porter = new Porter();
  let release: () => void;

  beforeAll(async () => {
    database = await createDatabase();
    owner = await connect(database.ownerUrl);
    await owner.query('create table visit (name text); grant select, insert on visit to pikaia_worker');
    process = await startProcess();
  });

  beforeEach(() => {
    porter.calls.length = 0;
    porter.work = () => undefined;
  });

  afterEach(() => release?.());

  afterAll(async () => {
    await process.stop();
    await owner.end();
    await database.drop();
  });

  const startProcess = (): Promise<ConsumerProcess> => ConsumerProcess.start(database.workerUrl, porter, { poolSize: 4 });
  const hang = (): Promise<void> => new Promise((resolve) => (release = resolve));
  const visits = async (): Promise<string[]> =>
    (await owner.query<{ name: string }>('delete from visit returning name')).rows.map(({ name }) => name);
  const receiptState = async ({ eventId }: SinkEvent): Promise<string | undefined> =>
    (await owner.query<{ state: string }>('select state from outbox.consumer_receipt where event_id = $1', [eventId])).rows[0]
      ?.state;
  const sessionsInTransaction = async (): Promise<number> => {
    const sql = `select from pg_stat_activity where application_name = 'consumer-spec' and state like 'idle in transaction%'
      and datname = current_database()`;
    return (await owner.query(sql)).rowCount!;
  };

  describe.each(TYPES)('a handler of %s that exceeds its timeout', (type) => {
    it('gets an abort signal with the reason, and its attempt fails', async () => {
      const event = sinkEvent(type);
      const seen: unknown[] = [];
      porter.work = (_event, { signal }) =>
        new Promise((_, reject) => {
          seen.push(signal.aborted);
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
      using logs = captureLogs();
      const outcome = await process.deliver(event);
      expect(outcome).toMatchObject(TIMED_OUT);
      expect(seen).toEqual([false]);
      expect(
        await pollUntil(
          () => receiptState(event),
          (state) => state === undefined,
        ),
      ).toBeUndefined();
      logs.none('handler_failed_late');
      porter.work = () => undefined;
      expect(
        await pollUntil(
          () => process.deliver(event),
          ({ kind }) => kind !== 'postponed',
        ),
      ).toEqual(ACCEPTED);
    });

    it('is not called again while it runs: a retry is postponed, uses no attempt, and the run is reported', async () => {
      const event = sinkEvent(type);
      porter.work = hang;
      using logs = captureLogs();
      expect(await process.deliver(event)).toMatchObject(TIMED_OUT);
      for (let retry = 0; retry < 3; retry++)
        expect(await process.deliver(event)).toMatchObject({ kind: 'postponed', error: { name: 'PostponeError' } });
      await logs.until('handler_still_running', { level: 'ERROR', timeout_ms: TIMEOUT_MS, 'event.id': event.eventId });
      expect(await process.deliver(event)).toMatchObject({ kind: 'postponed' });
      expect(porter.calls).toEqual([event.eventId]);
      release();
      porter.work = () => undefined;
      expect(
        await pollUntil(
          () => process.deliver(event),
          ({ kind }) => kind === 'accepted',
        ),
      ).toEqual(ACCEPTED);
      expect(porter.calls).toHaveLength(EFFECTS[type] === 'external' ? 1 : 2); // the transaction of the first was rolled back
    });

    it('is logged if it fails late', async () => {
      const event = sinkEvent(type);
      porter.work = () => hang().then(() => Promise.reject(new Error('too late')));
      using logs = captureLogs();
      expect(await process.deliver(event)).toMatchObject(TIMED_OUT);
      release();
      await logs.until('handler_failed_late', { 'event.id': event.eventId, 'error.message': 'too late' });
      await pollUntil(
        () => receiptState(event),
        (state) => state === undefined,
      );
    });

    it('shares its run with a second delivery that arrives before the timeout', async () => {
      const event = sinkEvent(type);
      porter.work = hang;
      const first = process.deliver(event);
      await pollUntil(() => porter.calls.length === 1);
      const second = process.deliver(event);
      release();
      expect([await first, await second]).toEqual([ACCEPTED, ACCEPTED]);
      expect(porter.calls).toEqual([event.eventId]);
    });
  });

  it.each(TYPES)(
    'the lines of a handler of %s name the actor of the event, and the actor of its context is the consumer',
    async (type) => {
      const user = { type: 'user', id: 'u1', email: 'alice@example.com' };
      const actors: unknown[] = [];
      porter.work = async () => {
        await Promise.resolve();
        actors.push(context.actor);
        getLogger('porter').info('said_hello');
      };
      for (const actor of [user, { type: 'system', id: 'import' }, null]) {
        using logs = captureLogs();
        expect(await process.deliver(sinkEvent(type, {}, actor))).toEqual(ACCEPTED);
        const named = { 'usr.id': actor === user ? 'u1' : undefined, 'usr.email': actor === user ? user.email : undefined };
        logs.one('said_hello', named);
        logs.one('event_delivered', named);
      }
      expect(actors).toEqual([1, 2, 3].map(() => ({ type: 'system', id: 'porter' })));
    },
  );

  it.each([
    ['door.opened', 2, 'the claim and the receipt'],
    ['door.closed', 3, 'BEGIN, the receipt and COMMIT'],
  ])('a quick handler of %s costs %i statements: %s', async (type, count) => {
    const event = sinkEvent(type);
    using logs = captureLogs();
    expect(await process.deliver(event)).toEqual(ACCEPTED);
    logs.one('event_delivered', { 'event.id': event.eventId, 'db.query_count': count });
  });

  it('a late success of an external handler is recorded', async () => {
    const event = sinkEvent('door.opened');
    porter.work = hang;
    using logs = captureLogs();
    expect(await process.deliver(event)).toMatchObject(TIMED_OUT);
    release();
    await logs.until('event_delivered', { 'event.id': event.eventId });
    expect(await receiptState(event)).toBe('done');
  });

  describe.each(TYPES)('the clock of a handler of %s', (type) => {
    it.each([
      ['a connection', 'hold'],
      ['its claim or receipt', 'lock'],
    ])('does not run while the handler waits for %s', async (_, way) => {
      const event = sinkEvent(type);
      const undo = way === 'hold' ? await holdPool() : await lockReceipts();
      const delivered = process.deliver(event);
      const end = performance.now() + 3 * TIMEOUT_MS;
      await pollUntil(() => performance.now() > end); // the clock would have ended
      await undo();
      expect(await delivered).toEqual(ACCEPTED);
      expect(porter.calls).toEqual([event.eventId]);
    });

    it('gives back the time for which the process was paused', async () => {
      const event = sinkEvent(type);
      porter.work = async () => {
        const answer = process.source.query('select 1');
        const end = performance.now() + 2 * TIMEOUT_MS + 300;
        while (performance.now() < end); // the answer arrives and is not read
        await answer;
      };
      expect(await process.deliver(event)).toEqual(ACCEPTED);
    });
  });

  describe.each(TYPES)('an event of %s whose handler could not be started', (type) => {
    it.each([
      ['there is no free connection', holdPool],
      ['the statement of its claim or receipt timed out', lockReceipts],
      ['the role may not write receipts', revokeReceipts],
    ])('is postponed and uses no attempt because %s', async (_, disturb) => {
      const other = await ConsumerProcess.start(database.workerUrl, porter, { poolSize: 1, statementTimeoutMs: 200 });
      const undo = await disturb(other);
      try {
        expect(await other.deliver(sinkEvent(type))).toMatchObject({
          kind: 'postponed',
          error: { name: 'PostponeError', message: expect.stringMatching(/^The handler was not started: ./) },
        });
        expect(porter.calls).toEqual([]);
      } finally {
        await undo();
        await other.stop();
        await process.stop();
        process = await startProcess(); // `@Transactional()` uses the data source of the newest process
      }
    });
  });

  describe('a transaction that exceeds its timeout', () => {
    it('is ended at once: its session is gone, it is rolled back, and its connection is free', async () => {
      const events = Array.from({ length: 8 }, () => sinkEvent('door.closed')); // twice the size of the pool
      const releases: (() => void)[] = [];
      porter.work = async ({ event_id: id }) => {
        await insert(id);
        await new Promise<void>((resolve) => releases.push(resolve));
      };
      const outcomes = await Promise.all(events.map((event) => process.deliver(event)));
      for (const outcome of outcomes) expect(outcome).toMatchObject(TIMED_OUT);
      await pollUntil(sessionsInTransaction, (count) => count === 0);
      porter.work = () => undefined;
      expect(await process.deliver(sinkEvent('door.closed'))).toEqual(ACCEPTED); // while all of them still run
      for (const end of releases) end();
      expect(await visits()).toEqual([]);
    });

    it('cannot commit late: whatever its handler tries is refused', async () => {
      const event = sinkEvent('door.closed');
      const late: unknown[] = [];
      porter.work = async () => {
        await insert('early');
        await hang();
        const tries = [
          () => insert('late'),
          () => porter.noteInTransaction('late'),
          () => process.source.query(`insert into visit (name) values ('late')`),
        ];
        for (const one of tries) late.push(await one().catch((error: unknown) => (error as PikaiaError).code));
      };
      expect(await process.deliver(event)).toMatchObject(TIMED_OUT);
      release();
      await pollUntil(() => late.length === 3);
      expect(late).toEqual(['PIKAIA_SPEC_NO_TRANSACTION', 'PIKAIA_SPEC_NO_TRANSACTION', 'PIKAIA_HANDLER_TIMEOUT']);
      expect([await visits(), await receiptState(event)]).toEqual([[], undefined]);
    });

    it('does not keep its locks while a statement runs', async () => {
      porter.work = async () => {
        await process.source.query('select pg_advisory_xact_lock(815)');
        await process.source.query('select pg_sleep(100)');
      };
      expect(await process.deliver(sinkEvent('door.closed'))).toMatchObject(TIMED_OUT);
      await pollUntil(
        async () => (await owner.query<{ free: boolean }>('select pg_try_advisory_lock(815) as free')).rows[0]!.free,
        Boolean,
        5_000, // the statement timeout is 15 s
      );
    });
  });

  describe('an attempt is used by a database handler', () => {
    it.each([
      ['sends a statement afterwards', true],
      ['sends nothing afterwards', false],
    ])('whose session the server ended because it was idle, if the handler %s', async (_, sends) => {
      porter.work = async () => {
        await process.source.query(`set local idle_in_transaction_session_timeout = '50ms'`);
        await pollUntil(async () => (await sessionsInTransaction()) === 0);
        if (sends) await insert('late');
      };
      expect(await process.deliver(sinkEvent('door.closed'))).toMatchObject({
        kind: 'refused',
        error: { code: 'PIKAIA_DATABASE_CONNECTION_LOST', cause: { code: '25P03' } },
      });
    });

    it('whose statement exceeds the statement timeout', async () => {
      porter.work = async () => {
        await process.source.query(`set local statement_timeout = '50ms'`);
        await process.source.query('select pg_sleep(100)');
      };
      expect(await process.deliver(sinkEvent('door.closed'))).toMatchObject({ kind: 'refused', error: { code: '57014' } });
    });

    it('but not by one whose session an operator ended', async () => {
      porter.work = async () => {
        const [row] = await process.source.query<{ pid: number }[]>('select pg_backend_pid() as pid');
        await owner.query('select pg_terminate_backend($1)', [row!.pid]);
        await pollUntil(async () => (await sessionsInTransaction()) === 0);
        await insert('late');
      };
      expect(await process.deliver(sinkEvent('door.closed'))).toMatchObject({ kind: 'postponed' });
    });
  });

  type Undo = () => Promise<unknown>;

  async function holdPool(of = process): Promise<Undo> {
    const { max } = (of.source.driver as unknown as { master: pg.Pool }).master.options;
    const runners = Array.from({ length: max }, () => of.source.createQueryRunner());
    await Promise.all(runners.map((runner) => runner.connect()));
    return () => Promise.all(runners.map((runner) => runner.release()));
  }

  async function lockReceipts(): Promise<Undo> {
    const locker = await connect(database.ownerUrl);
    await locker.query('begin; lock table outbox.consumer_receipt');
    return () => locker.end();
  }

  async function revokeReceipts(): Promise<Undo> {
    await owner.query('revoke insert on outbox.consumer_receipt from pikaia_worker');
    return () => owner.query('grant insert on outbox.consumer_receipt to pikaia_worker');
  }
});
