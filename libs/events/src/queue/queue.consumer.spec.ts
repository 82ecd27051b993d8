import { PikaiaError } from '@pikaia/core';
import { captureLogs } from '@pikaia/logging/testing';
import type { ConsumerRunner } from '../consume/consumer.runner.js';
import { markRefused, type Delivery } from '../delivery/delivery.js';
import { PostponeError } from '../consume/postpone.error.js';
import { QueueConsumer, type QueueConsumerOptions, type RedeliveryDelay, type QueueRecord } from './queue.consumer.js';

const SECOND = 1000;

/** A consumer that throws the error given for an event id, and handles all other events. */
function consumerOf(errors: Readonly<Record<string, unknown>>, options: QueueConsumerOptions = {}): QueueConsumer {
  const runner = {
    consumer: { name: 'spec', types: ['thing.made'], handlers: [{ timeoutMs: SECOND }] },
    run: async ({ eventId }: { readonly eventId: string }) => {
      if (eventId in errors) throw errors[eventId];
    },
    settle: async () => undefined,
  };
  return new QueueConsumer(runner as unknown as ConsumerRunner, options);
}

const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

const record = (number: number, receives = 1): QueueRecord => ({
  messageId: `message-${number}`,
  receiptHandle: `receipt-${number}`,
  attributes: { ApproximateReceiveCount: String(receives) },
  body: JSON.stringify({
    event_id: idOf(number),
    event_type: 'thing.made',
    schema_version: 1,
    occurred_at: '2026-11-25T02:00:09.631Z',
    aggregate_type: 'thing',
    aggregate_id: '1',
    organization_id: null,
    correlation_id: idOf(99),
    actor: null,
    data: {},
    sequence: String(number),
  }),
});

describe('QueueConsumer', () => {
  const delays: (readonly [string, number])[] = [];
  const setRedeliveryDelays = async (given: readonly RedeliveryDelay[]): Promise<void> => {
    delays.push(...given.map(({ record: { messageId }, delayMs }) => [messageId, delayMs] as const));
  };
  const random = (): number => 0.5;

  beforeEach(() => {
    delays.length = 0;
  });

  it('delays a failed record as a worker does: by the delay of the error, or doubling with each receipt', async () => {
    const consumer = consumerOf(
      {
        [idOf(1)]: new PostponeError('Busy.', { retryAfterMs: 42 * SECOND }),
        [idOf(2)]: new PostponeError('Away.'),
        [idOf(4)]: new Error('Its own fault.'),
        [idOf(5)]: new PikaiaError('PIKAIA_EVENT_VERSION_UNKNOWN', 'Later.'),
        [idOf(6)]: new Error('For the hundredth time.'),
      },
      { setRedeliveryDelays, random },
    );
    const batch = { Records: [record(1, 7), record(2, 3), record(3), record(4, 4), record(5), record(6, 100)] };
    const failed = [1, 2, 4, 5, 6].map((number) => ({ itemIdentifier: `message-${number}` }));
    expect(await consumer.handleBatch(batch)).toEqual({ batchItemFailures: failed });
    expect(delays).toEqual([
      ['message-1', 42 * SECOND],
      ['message-2', 2 * SECOND],
      ['message-4', 4 * SECOND],
      ['message-5', SECOND / 2],
      ['message-6', 150 * SECOND],
    ]);
    const retried = markRefused({ attempts: 3 } as Delivery, { error: new Error('Its own fault.') }, new Date(0), random);
    expect(retried.nextAttemptAt).toEqual(new Date(4 * SECOND)); // by the worker, after four attempts as message-4
  });

  it('does not delay an unreadable record or a record that was not attempted for lack of time', async () => {
    const consumer = consumerOf({}, { setRedeliveryDelays, random });
    let remaining = 10 * SECOND;
    const poison = { ...record(1, 50), body: '{' };
    const answer = await consumer.handleBatch({ Records: [poison, record(2)] }, () => (remaining -= 8 * SECOND));
    expect(answer.batchItemFailures).toHaveLength(2);
    expect(delays).toEqual([
      ['message-1', 0],
      ['message-2', 0],
    ]);
  });

  it.each([
    ['null', null, 'null'],
    ['an object', { error: 'card declined' }, '{"error":"card declined"}'],
    ['an object whose getters throw', { get code() { throw new Error('no'); } }, '{"code":"[unreadable]"}'], // prettier-ignore
  ])('returns a record whose handler throws %s as failed, and logs the content', async (_, thrown, message) => {
    using logs = captureLogs();
    const answer = await consumerOf({ [idOf(1)]: thrown }).handleBatch({ Records: [record(1), record(2)] });
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'message-1' }] });
    logs.one('event_refused', { 'error.message': message, 'event.id': idOf(1) });
  });

  it('names the actor of the event in the lines about a record that failed', async () => {
    using logs = captureLogs();
    const actor = { type: 'user', id: 'u1', email: 'alice@example.com' };
    const body = JSON.stringify({ ...(JSON.parse(record(1).body) as object), actor });
    await consumerOf({ [idOf(1)]: new Error('no'), [idOf(2)]: new Error('no') }).handleBatch({
      Records: [{ ...record(1), body }, record(2)],
    });
    logs.one('event_refused', { 'event.id': idOf(1), 'usr.id': 'u1', 'usr.email': 'alice@example.com' });
    logs.one('event_refused', { 'event.id': idOf(2), 'usr.id': undefined });
  });

  it('warns once if the function may end before the timeout of a handler', async () => {
    using logs = captureLogs();
    const consumer = consumerOf({});
    await consumer.handleBatch({ Records: [record(1)] }, () => 3 * SECOND);
    expect(logs.of('queue_time_limit_short')).toEqual([]);
    for (let batch = 0; batch < 2; batch++) await consumer.handleBatch({ Records: [record(1)] }, () => 2 * SECOND);
    expect(logs.of('queue_time_limit_short')).toEqual([
      expect.objectContaining({
        level: 'WARNING',
        consumer: 'spec',
        reason: expect.stringMatching(/2000 ms.* 1000\..* 3000 ms/),
      }),
    ]);
  });

  it('sets no delay if no record failed', async () => {
    expect(await consumerOf({}, { setRedeliveryDelays }).handleBatch({ Records: [record(1)] })).toEqual({
      batchItemFailures: [],
    });
    expect(delays).toEqual([]);
  });

  it('returns the same failures and logs a warning if the delays cannot be set', async () => {
    const logs = captureLogs();
    const failing = async (): Promise<void> => {
      throw new Error('no answer');
    };
    const consumer = consumerOf({ [idOf(1)]: new Error('Its own fault.') }, { setRedeliveryDelays: failing });
    const failures = { batchItemFailures: [{ itemIdentifier: 'message-1' }] };
    expect(await consumer.handleBatch({ Records: [record(1), record(2)] })).toEqual(failures);
    expect(JSON.parse(logs.lines.at(-1)!)).toMatchObject({
      event: 'queue_pauses_not_set',
      level: 'WARNING',
      consumer: 'spec',
      count: 1,
      reason: 'no answer',
    });
    expect(await consumerOf({ [idOf(1)]: new Error('Its own fault.') }).handleBatch({ Records: [record(1)] })).toEqual(failures);
  });
});
