import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasStub, itWithStub, openBus, type BusUnderTest } from '../../../../../test/support/aws/event-bus.js';
import type { Fault, PutResult } from '../../../../../test/support/aws/event-bus.stub.js';
import { DomainEvent } from '../../contract/domain-event.js';
import type { Outcome, SinkEvent } from '../../delivery/sink.js';
import { sinkContract, type SinkUnderTest } from '../../testing/index.js';

@DomainEvent('bill.sent', { version: 1, aggregate: 'bill', source: 'pikaia.accounting' })
class BillSent {}

let position = 0;

function eventOf(data: object = {}, more: Partial<SinkEvent> = {}): SinkEvent {
  const eventId = randomUUID();
  return {
    position: String(++position),
    eventId,
    eventType: 'thing.changed',
    schemaVersion: 1,
    aggregateType: 'thing',
    aggregateId: 't1',
    organizationId: null,
    correlationId: null,
    occurredAt: new Date(1_790_000_000_123),
    payload: JSON.stringify({ event_id: eventId, data }),
    attempt: 1,
    ...more,
  };
}

const events = (count: number): SinkEvent[] => Array.from({ length: count }, () => eventOf());
const kinds = (outcomes: readonly Outcome[]): string[] => outcomes.map(({ kind }) => kind);
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
const codeOf = (outcome: Outcome): unknown => 'error' in outcome && (outcome.error as { code?: unknown }).code;

describe('EventBridgeSink', () => {
  let bus: BusUnderTest;

  beforeEach(async () => {
    bus = await openBus();
  });
  afterEach(() => bus.close());

  describe('meets the sink contract', () => {
    const provides = hasStub
      ? (['makeInvalid', 'received', 'disconnect', 'stopResponding', 'removeDestination'] as const)
      : (['makeInvalid'] as const);
    for (const { title, run } of sinkContract(openContract, provides)) it(title, run);
  });

  itWithStub('sends the envelope with its sequence and the Source of its contract', async () => {
    void BillSent;
    const event = eventOf({ total: 12 }, { eventType: 'bill.sent', aggregateType: 'bill', aggregateId: 'b7', position: '41' });
    expect(await bus.sink.deliver([event, eventOf()])).toEqual([{ kind: 'accepted' }, { kind: 'accepted' }]);
    expect(bus.stub.accepted).toEqual([
      {
        EventBusName: 'pikaia',
        Source: 'pikaia.accounting',
        DetailType: 'bill.sent',
        Detail: JSON.stringify({ event_id: event.eventId, data: { total: 12 }, sequence: '41' }),
        Time: 1_790_000_000.123,
        Resources: ['urn:pikaia:bill:b7'],
      },
      expect.objectContaining({ Source: 'pikaia.thing' }),
    ]);
  });

  itWithStub('sends 10 entries in a call, and fewer if their total size is too large', async () => {
    await bus.sink.deliver(events(23));
    expect(bus.stub.calls.map(({ entries }) => entries.length)).toEqual([10, 10, 3]);
    const large = Array.from({ length: 5 }, () => eventOf({ text: 'ä'.repeat(50_000) })); // 100 kB each
    expect(kinds(await bus.sink.deliver(large))).toEqual(times(5, 'accepted'));
    expect(bus.stub.calls.slice(3).map(({ entries }) => entries.length)).toEqual([2, 2, 1]);
  });

  itWithStub('refuses an entry that is too large for a call without sending it, and sends the others', async () => {
    const outcomes = await bus.sink.deliver([eventOf(), eventOf({ text: 'x'.repeat(256 * 1024) }), eventOf()]);
    expect(kinds(outcomes)).toEqual(['accepted', 'refused', 'accepted']);
    expect(outcomes[1]).toMatchObject({ permanent: true, error: { code: '(too large)' } });
    expect(bus.stub.calls.map(({ entries }) => entries.length)).toEqual([2]);
  });

  it.each([
    ['no object', { payload: '[1]' }],
    ['no JSON', { payload: '{"a":}' }],
    ['a number beyond int64', { payload: '{"a":9223372036854775808}' }],
    ['a type of 129 characters', { eventType: 'a'.repeat(129) }],
  ])('an event with %s is refused alone and does not shift the results of the others', async (_, more) => {
    const outcomes = await bus.sink.deliver([eventOf(), eventOf({}, more), eventOf()]);
    expect(kinds(outcomes)).toEqual(['accepted', 'refused', 'accepted']);
    expect(outcomes[1]).toMatchObject({ permanent: true });
  });

  describe('matches results by position if the response', () => {
    const withoutId = (answer: PutResult, ...gone: number[]): PutResult => ({
      ...answer,
      Entries: answer.Entries.map((entry, index) => (gone.includes(index) ? {} : entry)),
    });
    itWithStub.each<[string, (honest: PutResult) => unknown, string[]]>([
      ['counts failures that are not in its list', (a) => ({ ...a, FailedEntryCount: 2 }), ['accepted', 'accepted', 'accepted']],
      ['counts no failure although its list has one', (a) => withoutId(a, 1), ['accepted', 'transport', 'accepted']],
      ['has a shorter list', (a) => ({ ...a, Entries: a.Entries.slice(0, 1) }), ['accepted', 'transport', 'transport']],
      ['has a longer list', (a) => ({ ...a, Entries: [...a.Entries, {}] }), ['accepted', 'accepted', 'accepted']],
      ['has no list', () => ({ FailedEntryCount: 0 }), ['transport', 'transport', 'transport']],
      ['has nothing', () => ({}), ['transport', 'transport', 'transport']],
      ['has null for an entry', (a) => ({ ...a, Entries: [null, ...a.Entries.slice(1)] }), ['transport', 'accepted', 'accepted']],
      [
        'has both an id and an error for an entry',
        (a) => ({ ...a, Entries: a.Entries.map((entry) => ({ ...entry, ErrorCode: 'InternalFailure' })) }),
        ['accepted', 'accepted', 'accepted'],
      ],
      ['is not JSON', () => '<html>gateway</html>', ['transport', 'transport', 'transport']],
    ])('%s', async (_, forge, expected) => {
      bus.stub.fault = () => ({ forge });
      expect(kinds(await bus.sink.deliver(events(3)))).toEqual(expected);
    });
  });

  itWithStub('finds the entry that causes a whole call to be refused', async () => {
    const batch = events(4);
    bus.stub.fault = ({ entries }) =>
      entries.some(({ Detail }) => Detail!.includes(batch[2]!.eventId))
        ? { fail: { status: 400, code: 'ValidationException' } }
        : undefined;
    const outcomes = await bus.sink.deliver(batch);
    expect(kinds(outcomes)).toEqual(['accepted', 'accepted', 'refused', 'accepted']);
    expect(outcomes[2]).toMatchObject({ permanent: true, error: { name: 'ValidationException' } });
  });

  itWithStub('isolates the entry that may cause an unknown refusal in the next delivery', async () => {
    const batch = events(4);
    bus.stub.fault = ({ entries }) =>
      entries.some(({ Detail }) => Detail!.includes(batch[2]!.eventId))
        ? { fail: { status: 400, code: 'NewException' } }
        : undefined;
    expect(kinds(await bus.sink.deliver(batch))).toEqual(times(4, 'transport'));
    expect(bus.stub.calls).toHaveLength(1);
    expect(kinds(await bus.sink.deliver(batch))).toEqual(['accepted', 'accepted', 'transport', 'accepted']);
    expect(kinds(await bus.sink.deliver(events(4)))).toEqual(times(4, 'accepted'));
    expect(bus.stub.calls.map(({ entries }) => entries.length)).toEqual([4, 1, 1, 1, 1, 4]);
  });

  itWithStub('begins with another entry each time, so that one entry cannot hold back the others', async () => {
    const batch = events(3);
    bus.stub.fault = ({ entries }) =>
      entries.some(({ Detail }) => Detail!.includes(batch[0]!.eventId))
        ? { fail: { status: 400, code: 'NewException' } }
        : undefined;
    for (let delivery = 0; delivery < 2; delivery++) expect(kinds(await bus.sink.deliver(batch))).toEqual(times(3, 'transport'));
    expect(kinds(await bus.sink.deliver(batch))).toEqual(['transport', 'accepted', 'accepted']);
    expect(bus.stub.calls.map(({ entries }) => entries.length)).toEqual([3, 1, 1, 1, 1]);
  });

  itWithStub('makes one attempt for each call, because the relay decides about retries', async () => {
    bus.stub.fault = () => ({ fail: { status: 500, code: 'InternalException' } });
    expect(kinds(await bus.sink.deliver(events(2)))).toEqual(['transport', 'transport']);
    expect(bus.stub.calls).toHaveLength(1);
  });

  itWithStub('aborts a call that gets no response in time, even though it may have been accepted', async () => {
    const slow = await openBus({ timeoutMs: 150 });
    try {
      slow.stub.fault = () => ({ silent: 'after' });
      const outcomes = await slow.sink.deliver(events(2)); // without the timeout, this would never end
      expect(kinds(outcomes)).toEqual(['transport', 'transport']);
      expect(slow.stub.acceptedCount).toBe(2);
    } finally {
      await slow.close();
    }
  });

  itWithStub('loads expired credentials again from their source', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pikaia-credentials-'));
    const file = join(folder, 'credentials');
    const rotate = (key: string): void => writeFileSync(file, `[default]\naws_access_key_id=${key}\naws_secret_access_key=s\n`);
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SHARED_CREDENTIALS_FILE: shared } = process.env;
    delete process.env['AWS_ACCESS_KEY_ID'];
    delete process.env['AWS_SECRET_ACCESS_KEY'];
    process.env['AWS_SHARED_CREDENTIALS_FILE'] = file;
    try {
      rotate('FIRST');
      bus.stub.validKeys = new Set(['FIRST']);
      expect(kinds(await bus.sink.deliver(events(1)))).toEqual(['accepted']);
      bus.stub.validKeys = new Set(['SECOND']);
      const outcomes = await bus.sink.deliver(events(2));
      expect(outcomes.map(codeOf)).toEqual([undefined, undefined]);
      expect(outcomes).toEqual(
        times(
          2,
          expect.objectContaining({ kind: 'transport', error: expect.objectContaining({ name: 'ExpiredTokenException' }) }),
        ),
      );
      rotate('SECOND');
      expect(kinds(await bus.sink.deliver(events(1)))).toEqual(['accepted']);
      expect(bus.stub.calls.map(({ accessKeyId }) => accessKeyId)).toEqual(['FIRST', 'FIRST', 'SECOND']);
    } finally {
      Object.assign(process.env, { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret });
      if (shared === undefined) delete process.env['AWS_SHARED_CREDENTIALS_FILE'];
      rmSync(folder, { recursive: true }); // the folder of mkdtemp
    }
  });

  itWithStub('increases the calls in flight while they succeed, and reduces them once it is throttled', async () => {
    const { sink, stub } = bus;
    const round = () => Promise.all(Array.from({ length: sink.limits.maxConcurrency }, () => sink.deliver(events(1))));
    expect(sink.limits.maxConcurrency).toBe(4);
    while (sink.limits.maxConcurrency < 8) await round();
    stub.fault = throttled;
    await round();
    const slowed = sink.limits.maxConcurrency;
    expect(slowed).toBeLessThan(6);
    await round();
    expect(sink.limits.maxConcurrency).toBeLessThan(slowed);
    stub.fault = undefined;
    while (sink.limits.maxConcurrency < 8) await round();
  });

  itWithStub('detects a missing bus and a recreated one', async () => {
    const first = await bus.sink.check.identify();
    expect(first).toMatch(/^arn:aws:events:.*event-bus\/pikaia \d{4}-/);
    bus.stub.deleteBus('pikaia');
    expect(kinds(await bus.sink.deliver(events(1)))).toEqual(['accepted']); // AWS behaves the same
    expect(bus.stub.accepted).toEqual([]);
    expect(await bus.sink.check.identify()).toBeNull();
    bus.stub.createBus('pikaia');
    const second = await bus.sink.check.identify();
    expect(second).toMatch(/^arn:/);
    expect(second).not.toBe(first);
  });
});

const throttled = (): Fault => ({ fail: { status: 400, code: 'ThrottlingException' } });

/** Opens the sink with every fault that the stub supports. */
async function openContract(): Promise<SinkUnderTest> {
  const bus = await openBus({ timeoutMs: hasStub ? 1_000 : 10_000 });
  const withFault = (fault: Fault) => async () => {
    bus.stub.fault = () => fault;
    return async () => {
      bus.stub.fault = undefined;
    };
  };
  return {
    sink: bus.sink,
    timeLimitMs: 5000,
    close: bus.close,
    makeInvalid: (event) => ({ ...event, payload: `${event.payload.slice(0, -1)},"broken":}` }),
    received: async () => bus.stub.details,
    disconnect: withFault({ cut: 'before' }),
    stopResponding: withFault({ silent: 'before' }),
    removeDestination: async () => {
      bus.stub.deleteBus('pikaia');
      return async () => bus.stub.createBus('pikaia');
    },
  };
}
