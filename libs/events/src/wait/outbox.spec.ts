import { encodeCursor } from '@pikaia/core';
import fc from 'fast-check';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { CONSUMER, CountNamed, CountRaised, SINK, TOKEN_KEY, WaitFixture } from '../../../../test/support/outbox/wait.fixture.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { encodeChangeToken } from './change-token.js';
import type { WaitOptions } from './outbox.js';

const fixture = useFixture(new WaitFixture());
const QUEUE_CONSUMER = 'behind-queue';
const SHORT = { timeoutMs: 60 };
const AFTER_A_POLL = { timeoutMs: 1_000 }; // the message says what a poll has read, also on a busy machine

const wait = (token: string, options: WaitOptions = {}, consumer = CONSUMER): Promise<void> =>
  fixture.outbox.waitUntilSeen(consumer, token, { timeoutMs: 20_000, ...options });

const TIMEOUT = 'PIKAIA_WAIT_TIMEOUT';

/** Expects the outcome of a wait: `seen`, or the code of its error. Only a wait that must end with a timeout has a short one. */
async function expectOutcome(token: string, expected: string, consumer = CONSUMER): Promise<void> {
  const outcome = await wait(token, expected === TIMEOUT ? SHORT : {}, consumer).then(
    () => 'seen',
    (error: { code: string }) => error.code,
  );
  expect(outcome).toBe(expected);
}

/** Stores a cursor that covers every event, as a leader does. */
const passCursor = (): Promise<unknown> =>
  fixture.worker.query(
    `insert into outbox.outbox_progress (sink, number, position, snapshot, worker)
     select $1, (select max(number) + 1 from outbox.outbox_progress where sink = $1), 1000000, pg_current_snapshot(), 'spec'`,
    [SINK],
  );

describe('Outbox.waitUntilSeen', () => {
  it('resolves once the consumer has the receipts of all events of the change', async () => {
    const { ids, token } = await fixture.change(CountRaised, CountRaised);
    let seen = false;
    const waiting = wait(token).then(() => (seen = true));
    await fixture.handle(ids[0]!);
    await expect(wait(token, AFTER_A_POLL)).rejects.toMatchObject({
      code: TIMEOUT,
      message: expect.stringContaining(
        `${CONSUMER} has not handled the change within 1000 ms: count.raised ${ids[1]} is pending.`,
      ),
    });
    expect(seen).toBe(false);
    await fixture.handle(ids[1]!);
    await waiting;
  });

  it('waits for the receipt and not for the cursor, and a claim is not a receipt', async () => {
    const { ids, token } = await fixture.change(CountRaised);
    await passCursor();
    await expectOutcome(token, TIMEOUT);
    await fixture.handle(ids[0]!, CONSUMER, 'claimed');
    await expectOutcome(token, TIMEOUT);
    await fixture.worker.query(`update outbox.consumer_receipt set state = 'done'`);
    await expectOutcome(token, 'seen');
  });

  it('waits for the events of every transaction in the token', async () => {
    const ids: string[] = [];
    const { token } = await fixture.track(async () => {
      for (const aggregate of ['a', 'b']) ids.push(...(await fixture.counts.publish([CountRaised], aggregate)));
    });
    await fixture.handle(ids[0]!);
    await expectOutcome(token, TIMEOUT);
    await fixture.handle(ids[1]!);
    await expectOutcome(token, 'seen');
  });

  it('counts events as seen that the consumer never receives: of a type that it does not handle, or before its start', async () => {
    await expectOutcome((await fixture.change(CountNamed)).token, 'seen');
    const { token } = await fixture.change(CountRaised);
    await fixture.registerSink('local/later', 'now');
    await expectOutcome(token, 'seen', 'later');
    await expectOutcome((await fixture.change(CountRaised)).token, TIMEOUT, 'later');
  });

  it('returns at once for a change without events', async () => {
    const { token } = await fixture.track(() => fixture.source.query('select 1'));
    await expectOutcome(token, 'seen');
  });

  it.each([
    ['failed', 'PIKAIA_CHANGE_FAILED', 'failed permanently'],
    ['skipped', 'PIKAIA_CHANGE_SKIPPED', 'was skipped'],
  ])('reports at once an event whose delivery is %s', async (status, code, text) => {
    const { ids, token } = await fixture.change(CountRaised);
    const message = expect.stringContaining(`count.raised ${ids[0]} ${text}`);
    const outcome = expect(wait(token)).rejects.toMatchObject({ code, message });
    await fixture.deliver(ids[0]!, status);
    await outcome;
  });

  it('reports at once an event that waits behind a failed one, and waits for one that waits behind a retry', async () => {
    const [first, second] = [await fixture.change(CountRaised), await fixture.change(CountRaised)];
    await fixture.deliver(first.ids[0]!, 'retrying');
    await fixture.deliver(second.ids[0]!, 'waiting');
    await expect(wait(second.token, AFTER_A_POLL)).rejects.toThrow(`count.raised ${second.ids[0]} is waiting`);
    const outcome = expect(wait(second.token)).rejects.toMatchObject({
      code: 'PIKAIA_CHANGE_FAILED',
      message: expect.stringContaining('waits behind a failed event of its aggregate'),
    });
    await fixture.worker.query(`update outbox.outbox_delivery set status = 'failed' where event_id = $1`, [first.ids[0]]);
    await outcome;
  });

  it('knows the types of a consumer behind a queue from its class, and its progress from the receipts', async () => {
    const { ids, token } = await fixture.change(CountNamed, CountRaised);
    await expect(wait(token, AFTER_A_POLL, QUEUE_CONSUMER)).rejects.toThrow(`count.raised ${ids[1]} is without a receipt.`);
    const waiting = wait(token, {}, QUEUE_CONSUMER);
    await fixture.handle(ids[1]!, QUEUE_CONSUMER);
    await waiting;
  });

  it('refuses an unknown consumer and one whose sink is retired, and lists the known ones', async () => {
    const { token } = await fixture.change(CountRaised);
    await expect(wait(token, {}, 'in-wroker')).rejects.toMatchObject({
      code: 'PIKAIA_CONSUMER_UNKNOWN',
      message: expect.stringMatching(/^There is no consumer in-wroker\. Known consumers: behind-queue, in-worker\b/),
    });
    await fixture.worker.query(`update outbox.outbox_sink set state = 'retired' where name = $1`, [SINK]);
    await expectOutcome(token, 'PIKAIA_CONSUMER_UNKNOWN');
  });

  it('says in the error of a timeout that the sink is paused', async () => {
    const { token } = await fixture.change(CountRaised);
    await fixture.worker.query(`update outbox.outbox_sink set state = 'paused' where name = $1`, [SINK]);
    await expect(wait(token, AFTER_A_POLL)).rejects.toThrow('is pending; its sink is paused');
  });

  it.each<[string, (token: string) => string]>([
    ['changed', (token) => token.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))],
    ['of another key', () => encodeChangeToken([{ txid: '1', position: '1' }], 'another key')],
    ['of a list', () => encodeCursor([['1', '1']], 'members:acme', TOKEN_KEY)],
    ['empty', () => ''],
  ])('refuses a token that is %s', async (_, forge) => {
    const { token } = await fixture.change(CountRaised);
    await expect(wait(forge(token))).rejects.toMatchObject({ code: 'PIKAIA_CHANGE_TOKEN_INVALID' });
  });

  it.each([
    ['the log has removed the events', 'truncate outbox.outbox_log'],
    ['a restored database has given the events other transaction ids', `update outbox.outbox_log set txid = '7'`],
  ])('refuses a token once %s', async (_, sql) => {
    const { token } = await fixture.change(CountRaised);
    await fixture.owner.query(sql);
    await expect(wait(token)).rejects.toMatchObject({ code: 'PIKAIA_CHANGE_TOKEN_EXPIRED' });
  });

  it('ends with the reason when its signal is aborted, before or during the wait', async () => {
    const { token } = await fixture.change(CountRaised);
    const controller = new AbortController();
    const waiting = wait(token, { signal: controller.signal });
    controller.abort('the client left');
    const error = { code: 'PIKAIA_WAIT_ABORTED', cause: 'the client left' };
    await expect(waiting).rejects.toMatchObject(error);
    await expect(wait(token, { signal: controller.signal })).rejects.toMatchObject(error);
  });

  it.each([0, -1, Number.NaN, Infinity, 600_001])('refuses the timeout %s', async (timeoutMs) => {
    const { token } = await fixture.change(CountRaised);
    await expect(wait(token, { timeoutMs })).rejects.toMatchObject({ code: 'PIKAIA_WAIT_INVALID' });
  });

  it('refuses to wait inside a transaction, which would hold its connection', async () => {
    const { token } = await fixture.change(CountRaised);
    await expect(fixture.counts.run(() => wait(token))).rejects.toMatchObject({ code: 'PIKAIA_WAIT_INVALID' });
  });
});

describe('the waits of a process', () => {
  it('share one query at a time, and leave the connections of the pool to others', async () => {
    let [running, most, count] = [0, 0, 0];
    const { query } = fixture.source;
    fixture.source.query = async function (this: typeof fixture.source, ...args: Parameters<typeof query>) {
      most = Math.max(most, ++running);
      count++;
      return query.apply(this, args).finally(() => running--);
    } as typeof query;
    try {
      const { ids, token } = await fixture.change(CountRaised);
      count = 0;
      const waiting = Array.from({ length: 300 }, () => wait(token)); // the pool has two connections
      await pollUntil(() => count >= 5);
      expect(await fixture.counts.run(async () => 'free')).toBe('free');
      await fixture.handle(ids[0]!);
      await Promise.all(waiting);
      expect(most).toBe(1);
      expect(count).toBeLessThan(100); // and not hundreds for each wait
    } finally {
      fixture.source.query = query;
    }
    const left = await fixture.owner.query(`select from pg_stat_activity where application_name = 'spec' and state <> 'idle'`);
    expect(left.rowCount).toBe(0);
  });

  it('survive the loss of every connection', async () => {
    const { ids, token } = await fixture.change(CountRaised);
    const waiting = wait(token);
    const terminate = `select count(pg_terminate_backend(pid))::int as ended from pg_stat_activity where datname = current_database() and application_name = 'spec'`;
    await pollUntil(async () => (await fixture.owner.query<{ ended: number }>(terminate)).rows[0]!.ended > 0);
    await fixture.handle(ids[0]!);
    await waiting;
  });

  it('fail at once with an error of the database that no repetition cures', async () => {
    const { token } = await fixture.change(CountRaised);
    const outcome = expect(wait(token)).rejects.toMatchObject({ code: '42501' });
    await fixture.owner.query('revoke select on outbox.consumer_receipt from pikaia_api');
    try {
      await outcome;
    } finally {
      await fixture.owner.query('grant select on outbox.consumer_receipt to pikaia_api');
    }
  });

  it('end in the state of a model, for random changes, deliveries and receipts', async () => {
    const states = ['none', 'receipt', 'claim', 'failed', 'retrying', 'skipped', 'failed and receipt'] as const;
    const event = fc.record({ contract: fc.constantFrom(CountRaised, CountNamed), state: fc.constantFrom(...states) });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 6 }), async (events) => {
        const { result: ids, token } = await fixture.track(() =>
          fixture.counts.publishApart(events.map(({ contract }) => contract)),
        );
        for (const [index, { state }] of events.entries()) {
          if (state === 'claim') await fixture.handle(ids[index]!, CONSUMER, 'claimed');
          if (state.endsWith('receipt')) await fixture.handle(ids[index]!);
          if (/failed|retrying|skipped/.test(state)) await fixture.deliver(ids[index]!, state.split(' ')[0]!);
        }
        // A delivery exists only for a type that the sink has received, so it counts even for a type that it does not handle now.
        const awaited = events.filter(
          ({ contract, state }) =>
            !state.endsWith('receipt') && (contract === CountRaised || /failed|retrying|skipped/.test(state)),
        );
        const has = (state: string): boolean => awaited.some((one) => one.state === state);
        const expected = has('failed')
          ? 'PIKAIA_CHANGE_FAILED'
          : has('skipped')
            ? 'PIKAIA_CHANGE_SKIPPED'
            : awaited.length
              ? TIMEOUT
              : 'seen';
        await expectOutcome(token, expected);
      }),
      { numRuns: 60 },
    );
  });

  it('end when the process stops', async () => {
    const { token } = await fixture.change(CountRaised);
    const waiting = wait(token);
    const outcome = expect(waiting).rejects.toMatchObject({
      code: 'PIKAIA_WAIT_ABORTED',
      message: expect.stringContaining('stops'),
    });
    await fixture.stop();
    await outcome;
    await expect(wait(token)).rejects.toMatchObject({ code: 'PIKAIA_WAIT_ABORTED' });
  });
});
