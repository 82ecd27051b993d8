import { captureLogs } from '@pikaia/logging/testing';
import { IsOptional } from 'class-validator';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { TcpProxy } from '../../../../test/support/database/tcp.proxy.js';
import { ConsumerProcess, sinkEvent, type ConsumerProcessOptions } from '../../../../test/support/outbox/consumer.process.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { DomainEvent } from '../contract/domain-event.js';
import type { EventOf } from '../contract/envelope.js';
import type { Outcome, SinkEvent } from '../delivery/sink.js';
import { Consumer, Handles } from './consumer.decorator.js';

@DomainEvent('alarm.raised', { version: 1, aggregate: 'alarm' })
class AlarmRaised {
  @IsOptional()
  note?: string;
}

/** Counts its effects. Each effect happens at once; the handler ends when the test releases it. */
@Consumer('siren', { from: 'now' })
class Siren {
  readonly effects: string[] = [];
  /** Resolves or rejects the handlers that wait. Absent: a handler does not wait. */
  hold: Promise<unknown> | undefined;

  @Handles(AlarmRaised, { effect: 'external', timeoutMs: 20_000 })
  async sound({ event_id: id }: EventOf<AlarmRaised>): Promise<unknown> {
    this.effects.push(id);
    return this.hold;
  }
}

const CLAIM_MS = 2_000;
const CLAIM_IN_FORCE_MS = 120_000; // longer than a test
const ACCEPTED = { kind: 'accepted' };
const POSTPONED = expect.objectContaining({ kind: 'postponed' });

describe('Receipts', () => {
  let database: TestDatabase;
  let owner: pg.Client;
  /** Locks receipts. Separate from `owner`, because a transaction sees a fixed state of `pg_stat_activity`. */
  let locker: pg.Client;
  let siren: Siren;
  let release: (result?: unknown) => void;
  let fail: (error: Error) => void;
  const processes: ConsumerProcess[] = [];

  beforeAll(async () => {
    database = await createDatabase();
    [owner, locker] = [await connect(database.ownerUrl), await connect(database.ownerUrl)];
  });

  beforeEach(() => {
    siren = new Siren();
  });

  afterEach(async () => {
    await locker.query('rollback');
    release?.();
    await Promise.all(processes.splice(0).map((process) => process.stop(5_000)));
  });

  afterAll(async () => {
    await Promise.all([owner.end(), locker.end()]);
    await database.drop();
  });

  /** Starts a process. All processes of a test share the consumer, so that it counts the effects of all. */
  async function start(options: ConsumerProcessOptions = {}): Promise<ConsumerProcess> {
    const process = await ConsumerProcess.start(database.workerUrl, siren, { claimMs: CLAIM_MS, ...options });
    processes.push(process);
    return process;
  }

  /** Makes handlers wait for `release` or `fail`. */
  function holdHandlers(): void {
    siren.hold = new Promise((resolve, reject) => ([release, fail] = [resolve, reject]));
    siren.hold.catch(() => undefined);
  }

  /** Delivers an event whose handler is held, and waits until it runs. */
  async function deliverHeld(process: ConsumerProcess, event: SinkEvent): Promise<{ delivered: Promise<Outcome> }> {
    holdHandlers();
    const delivered = process.deliver(event);
    await untilState(event, 'claimed');
    return { delivered };
  }

  const newEvent = (): SinkEvent => sinkEvent('alarm.raised');
  const receiptOf = async ({ eventId }: SinkEvent) => {
    const { rows } = await owner.query<Record<string, unknown>>(
      `select state, result, claim is null as free, claimed_until, claimed_until < clock_timestamp() as expired
       from outbox.consumer_receipt where event_id = $1`,
      [eventId],
    );
    return rows[0];
  };
  const untilState = (event: SinkEvent, state: string | undefined) =>
    pollUntil(
      () => receiptOf(event),
      (receipt) => receipt?.['state'] === state,
    );
  const expire = ({ eventId }: SinkEvent) =>
    owner.query(`update outbox.consumer_receipt set claimed_until = clock_timestamp() - interval '1 h' where event_id = $1`, [
      eventId,
    ]);
  const lockReceipt = async ({ eventId }: SinkEvent): Promise<void> => {
    await locker.query('begin');
    await locker.query('select from outbox.consumer_receipt where event_id = $1 for update', [eventId]);
  };
  /** Ends the sessions of the worker's role that run a statement on a receipt. @returns their number. */
  const terminateReceiptWriters = async (): Promise<number> => {
    const { rowCount } = await owner.query(`
      select pg_terminate_backend(pid) from pg_stat_activity
      where usename = 'pikaia_worker' and state = 'active' and query like '%outbox.consumer_receipt%'
        and datname = current_database()`);
    return rowCount!;
  };

  describe('a claim', () => {
    it('is renewed while its handler runs, so that another process postpones the event', async () => {
      const [first, second] = [await start(), await start()];
      const event = newEvent();
      holdHandlers();
      const delivered = first.deliver(event);
      const { claimed_until: claimedUntil } = (await untilState(event, 'claimed'))!;
      const renewed = (receipt: Record<string, unknown> | undefined): boolean =>
        (receipt!['claimed_until'] as Date).getTime() > (claimedUntil as Date).getTime() + 2 * CLAIM_MS;
      await pollUntil(async () => {
        expect(await second.deliver(event)).toEqual(POSTPONED);
        return receiptOf(event);
      }, renewed);
      release();
      expect(await delivered).toEqual(ACCEPTED);
      expect(siren.effects).toEqual([event.eventId]);
    });

    it('is renewed while handlers hold every connection of the pool', async () => {
      const process = await start({ poolSize: 2 });
      const event = newEvent();
      holdHandlers();
      const delivered = process.deliver(event);
      const { claimed_until: before } = (await untilState(event, 'claimed'))!;
      const runners = [process.source.createQueryRunner(), process.source.createQueryRunner()];
      await Promise.all(runners.map((runner) => runner.connect()));
      await pollUntil(
        () => receiptOf(event),
        (receipt) => (receipt!['claimed_until'] as Date).getTime() > (before as Date).getTime() + 2 * CLAIM_MS,
      );
      await Promise.all(runners.map((runner) => runner.release()));
      release();
      expect(await delivered).toEqual(ACCEPTED);
    });

    it.each([
      ['is left to a living owner after an outage in which it expired', {}, 1],
      ['would be taken over from a living owner without the delay (planted)', { takeoverDelayMs: 0 }, 2],
    ])('%s', async (_, options, effects) => {
      const claimMs = 10 * CLAIM_MS; // the owner has a third of it
      const [first, second] = [await start({ claimMs }), await start({ claimMs, ...options })];
      const event = newEvent();
      const { delivered } = await deliverHeld(first, event);
      await expire(event);
      const other = second.deliver(event);
      await pollUntil(async () => siren.effects.length === 2 || (await receiptOf(event))!['expired'] === false);
      if (effects === 1) expect(await other).toEqual(POSTPONED);
      release();
      expect(await delivered).toEqual(ACCEPTED);
      await other;
      expect(siren.effects).toHaveLength(effects);
    });

    it('of a process that is dead, or frozen for longer than the claim lasts, is taken over, and the effect happens twice', async () => {
      const [first, second] = [await start(), await start()];
      const event = newEvent();
      const { delivered } = await deliverHeld(first, event);
      await first.receipts.stop(0); // it renews no longer, as if it were frozen
      siren.hold = undefined;
      await pollUntil(
        () => second.deliver(event),
        ({ kind }) => kind === 'accepted',
      );
      release('late'); // it continues
      expect(await delivered).toEqual(ACCEPTED);
      expect(siren.effects).toHaveLength(2);
      expect(await receiptOf(event)).toMatchObject({ state: 'done', result: null });
    });

    it('of the previous version, which has no id, is taken over as soon as it has expired', async () => {
      const process = await start({ takeoverDelayMs: CLAIM_IN_FORCE_MS });
      const event = newEvent();
      await owner.query(
        `insert into outbox.consumer_receipt (consumer, event_id, state, claimed_until)
         values ('siren', $1, 'claimed', clock_timestamp() - interval '1 ms')`,
        [event.eventId],
      );
      expect(await process.deliver(event)).toEqual(ACCEPTED);
    });

    it('whose response was lost is released, so that the event can be handled before the claim expires', async () => {
      const proxy = await TcpProxy.start(database.workerUrl);
      try {
        const process = await start({ poolUrl: proxy.proxyUrl(database.workerUrl), claimMs: CLAIM_IN_FORCE_MS });
        const event = newEvent();
        proxy.dropResponsesTo('insert into outbox.consumer_receipt');
        const lost = process.deliver(event);
        await untilState(event, 'claimed');
        proxy.disconnectAll();
        expect(await lost).toEqual(POSTPONED);
        await pollUntil(
          () => process.deliver(event),
          ({ kind }) => kind === 'accepted',
        );
        expect(siren.effects).toEqual([event.eventId]);
      } finally {
        await proxy.stop();
      }
    });

    it('is released after a failure of the handler, also if the first try to release it fails', async () => {
      const process = await start({ claimMs: CLAIM_IN_FORCE_MS });
      const event = newEvent();
      const { delivered } = await deliverHeld(process, event);
      await lockReceipt(event);
      fail(new Error('no siren'));
      await pollUntil(terminateReceiptWriters);
      expect(await delivered).toMatchObject({ kind: 'refused', error: { message: 'no siren' } });
      await locker.query('rollback');
      await untilState(event, undefined);
    });

    it('that another process has taken over is neither renewed nor released by its former owner', async () => {
      const process = await start();
      const event = newEvent();
      const { delivered } = await deliverHeld(process, event);
      using logs = captureLogs();
      await owner.query(
        `update outbox.consumer_receipt set claim = gen_random_uuid(), claimed_until = clock_timestamp() - interval '1 ms'
         where event_id = $1`,
        [event.eventId],
      );
      await logs.until('claim_lost', { events: [`siren ${event.eventId}`] });
      expect(await receiptOf(event)).toMatchObject({ state: 'claimed', expired: true });
      fail(new Error('no siren'));
      expect(await delivered).toMatchObject({ kind: 'refused' });
      expect(await receiptOf(event)).toMatchObject({ state: 'claimed', expired: true });
    });

    it('that expired before its handler could be started is given up, and the handler does not run', async () => {
      let now = 0;
      const clock = { now: () => new Date(), monotonic: () => (now += 2 * CLAIM_MS) }; // the process freezes at each step
      const process = await start({ clock });
      expect(await process.deliver(newEvent())).toEqual(POSTPONED);
      expect(siren.effects).toEqual([]);
    });

    it('with a fixed duration lasts that long and is not renewed', async () => {
      const process = await start();
      const event = newEvent();
      holdHandlers();
      const fixed = process.runner.run(event, { claimMs: 50_000 });
      await untilState(event, 'claimed');
      const { rows } = await owner.query<{ left: number }>(
        `select extract(epoch from claimed_until - clock_timestamp())::float8 as left from outbox.consumer_receipt
         where event_id = $1`,
        [event.eventId],
      );
      expect(rows[0]!.left).toBeGreaterThan(20);
      expect(rows[0]!.left).toBeLessThanOrEqual(50);
      await expire(event);
      const other = newEvent(); // its claim is renewed, which shows that a renewal has run
      const renewed = process.deliver(other);
      await untilState(other, 'claimed');
      await expire(other);
      await pollUntil(
        () => receiptOf(other),
        (receipt) => receipt?.['expired'] === false,
      );
      expect(await receiptOf(event)).toMatchObject({ expired: true });
      release();
      expect([await fixed, await renewed]).toEqual(['handled', ACCEPTED]);
    });
  });

  describe('a receipt', () => {
    it('is written by the process that knows of the effect, which does not wait for the event again', async () => {
      const process = await start();
      const event = newEvent();
      const { delivered } = await deliverHeld(process, event);
      await lockReceipt(event);
      using logs = captureLogs();
      release({ siren: 1 });
      await pollUntil(terminateReceiptWriters);
      expect(await delivered).toEqual(POSTPONED);
      expect(await process.deliver(event)).toEqual(POSTPONED);
      await pollUntil(terminateReceiptWriters); // the process tries again without being asked
      await locker.query('rollback');
      await untilState(event, 'done');
      expect(await receiptOf(event)).toMatchObject({ result: { siren: 1 }, free: true, claimed_until: null });
      expect(
        await pollUntil(
          () => process.deliver(event),
          ({ kind }) => kind === 'accepted',
        ),
      ).toEqual(ACCEPTED);
      expect(siren.effects).toEqual([event.eventId]);
      logs.one('receipt_delayed', { 'event.id': event.eventId });
      logs.one('event_delivered', { 'event.id': event.eventId });
    });

    it('keeps other processes from the event while it cannot be written, even after the claim has expired', async () => {
      const [first, second] = [await start(), await start()];
      const event = newEvent();
      const { delivered } = await deliverHeld(first, event);
      await lockReceipt(event);
      release();
      await pollUntil(terminateReceiptWriters);
      expect(await delivered).toEqual(POSTPONED);
      await pollUntil(
        () => receiptOf(event),
        (receipt) => receipt!['expired'] === true,
      );
      expect(await second.deliver(event)).toEqual(POSTPONED);
      await locker.query('rollback');
      await untilState(event, 'done');
      expect(await second.deliver(event)).toEqual(ACCEPTED);
      expect(siren.effects).toEqual([event.eventId]);
    });

    it.each([
      ['was deleted', 'delete from outbox.consumer_receipt where event_id = $1'],
      ['expired', `update outbox.consumer_receipt set claimed_until = 'epoch' where event_id = $1`],
      [
        'belongs to another process',
        `update outbox.consumer_receipt set claim = gen_random_uuid(), claimed_until = clock_timestamp() + interval '1 h'
         where event_id = $1`,
      ],
    ])('is written for a success whose claim %s', async (_, change) => {
      const process = await start();
      const event = newEvent();
      const { delivered } = await deliverHeld(process, event);
      await owner.query(change, [event.eventId]);
      release({ siren: 2 });
      expect(await delivered).toEqual(ACCEPTED);
      expect(await receiptOf(event)).toMatchObject({ state: 'done', result: { siren: 2 }, free: true });
      expect(await (await start()).deliver(event)).toEqual(ACCEPTED);
      expect(siren.effects).toEqual([event.eventId]);
    });

    it('that exists is kept by a second success', async () => {
      const process = await start();
      const event = newEvent();
      const { delivered } = await deliverHeld(process, event);
      await owner.query(`update outbox.consumer_receipt set state = 'done', result = '"first"' where event_id = $1`, [
        event.eventId,
      ]);
      release('second');
      expect(await delivered).toEqual(ACCEPTED);
      expect(await receiptOf(event)).toMatchObject({ state: 'done', result: 'first' });
    });
  });

  describe('at the stop of a process', () => {
    it('a receipt that is late is waited for', async () => {
      const process = await start();
      const event = newEvent();
      const { delivered } = await deliverHeld(process, event);
      await lockReceipt(event);
      release();
      await pollUntil(terminateReceiptWriters);
      expect(await delivered).toEqual(POSTPONED);
      const stopped = process.receipts.stop(CLAIM_IN_FORCE_MS);
      await locker.query('rollback');
      await stopped;
      expect(await receiptOf(event)).toMatchObject({ state: 'done' });
    });

    it('the wait is bounded, and receipts and handlers that remain are logged with their ids', async () => {
      const process = await start();
      const [done, running] = [newEvent(), newEvent()];
      holdHandlers();
      const deliveredDone = process.deliver(done);
      await untilState(done, 'claimed');
      const releaseDone = release;
      holdHandlers();
      void process.deliver(running);
      await untilState(running, 'claimed');
      await lockReceipt(done);
      releaseDone();
      await pollUntil(terminateReceiptWriters);
      expect(await deliveredDone).toEqual(POSTPONED);
      using logs = captureLogs();
      await process.receipts.stop(50);
      logs.one('receipts_not_written', { level: 'ERROR', events: [`siren ${done.eventId}`], count: 1 });
      logs.one('handlers_not_finished', { level: 'WARNING', events: [`siren ${running.eventId}`], count: 1 });
    });
  });
});
