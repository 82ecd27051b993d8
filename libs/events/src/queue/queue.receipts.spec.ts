import { IsOptional } from 'class-validator';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { ConsumerProcess, sinkEvent } from '../../../../test/support/outbox/consumer.process.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { Consumer, Handles } from '../consume/consumer.decorator.js';
import { Receipts } from '../consume/receipts.js';
import { DomainEvent } from '../contract/domain-event.js';
import type { SinkEvent } from '../delivery/sink.js';
import { QueueConsumer, type QueueRecord } from './queue.consumer.js';

@DomainEvent('ticket.sold', { version: 1, aggregate: 'ticket' })
class TicketSold {
  @IsOptional()
  seat?: string;
}

const TIMEOUT_MS = 200;
const MARGIN_MS = 2_000; // reserved at the end of an execution

@Consumer('printer', { from: 'now' })
class Printer {
  calls = 0;
  work: () => unknown = () => undefined;

  @Handles(TicketSold, { effect: 'external', timeoutMs: TIMEOUT_MS })
  print(): unknown {
    this.calls++;
    return this.work();
  }
}

/** Lambda freezes the process after the response, so nothing continues after it. */
describe('the receipts of a consumer behind a queue', () => {
  let database: TestDatabase;
  let owner: pg.Client;
  let process: ConsumerProcess;
  let queue: QueueConsumer;
  let release: () => void;
  const printer = new Printer();

  beforeAll(async () => {
    database = await createDatabase();
    owner = await connect(database.ownerUrl);
    process = await ConsumerProcess.start(database.workerUrl, printer, {
      createReceipts: (source) => new Receipts(source, { takeoverDelayMs: 0 }), // as in QueueModule
    });
    queue = new QueueConsumer(process.runner);
  });

  beforeEach(() => {
    printer.calls = 0;
    printer.work = () => undefined;
  });

  afterEach(() => release?.());

  afterAll(async () => {
    await process.stop();
    await owner.end();
    await database.drop();
  });

  const hang = (): Promise<void> => new Promise((resolve) => (release = resolve));
  const recordOf = ({ eventId, payload }: SinkEvent): QueueRecord => {
    return { messageId: eventId, body: JSON.stringify({ ...(JSON.parse(payload) as object), sequence: '1' }) };
  };
  const handle = (event: SinkEvent, remainingMs?: () => number) => queue.handleBatch({ Records: [recordOf(event)] }, remainingMs);
  const failureOf = ({ eventId }: SinkEvent) => ({ batchItemFailures: [{ itemIdentifier: eventId }] });
  const receiptOf = async ({ eventId }: SinkEvent) => {
    const { rows } = await owner.query<{ state: string; seconds: number }>(
      `select state, extract(epoch from claimed_until - clock_timestamp())::float8 as seconds from outbox.consumer_receipt
       where event_id = $1`,
      [eventId],
    );
    return rows[0];
  };

  it('a claim lasts for the remaining time of the execution', async () => {
    const event = sinkEvent('ticket.sold');
    printer.work = hang;
    const answered = handle(event, () => 800_000);
    const { seconds } = (await pollUntil(() => receiptOf(event)))!;
    expect(seconds).toBeGreaterThan(700);
    expect(seconds).toBeLessThanOrEqual(800);
    release();
    await answered;
  });

  it('an execution whose handler exceeded its timeout ends only when the handler has ended and its receipt is written', async () => {
    const event = sinkEvent('ticket.sold');
    printer.work = hang;
    let answered = false;
    const answer = handle(event, () => 60_000).finally(() => (answered = true));
    await pollUntil(() => printer.calls === 1);
    const end = performance.now() + 3 * TIMEOUT_MS;
    await pollUntil(() => performance.now() > end);
    expect(answered).toBe(false);
    release();
    expect(await answer).toEqual(failureOf(event));
    expect(await receiptOf(event)).toMatchObject({ state: 'done' });
    expect(await handle(event)).toEqual({ batchItemFailures: [] });
    expect(printer.calls).toBe(1);
  });

  it('an execution whose receipt was late ends only when the receipt is written', async () => {
    const event = sinkEvent('ticket.sold');
    const locker = await connect(database.ownerUrl);
    printer.work = async () => {
      await locker.query('begin');
      await locker.query('select from outbox.consumer_receipt where event_id = $1 for update', [event.eventId]);
    };
    const answer = handle(event, () => 60_000);
    await pollUntil(async () => {
      const sql = `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
        and usename = 'pikaia_worker' and wait_event_type = 'Lock'`;
      return (await owner.query(sql)).rowCount;
    });
    await locker.end();
    expect(await answer).toEqual(failureOf(event));
    expect(await receiptOf(event)).toMatchObject({ state: 'done' });
  });

  it('an execution waits for a handler only while it has time', async () => {
    const event = sinkEvent('ticket.sold');
    printer.work = hang;
    const end = performance.now() + MARGIN_MS + 3 * TIMEOUT_MS;
    expect(await handle(event, () => end - performance.now())).toEqual(failureOf(event));
    expect(end - performance.now()).toBeGreaterThan(0);
    expect(printer.calls).toBe(1);
  });
});
