import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Outcome, Sink, SinkEvent } from '../delivery/sink.js';

/** A sink, and the functions with which the cases control its destination. `provides` of `sinkContract` lists those that exist. */
export interface SinkUnderTest {
  readonly sink: Sink;
  /** The maximum duration of a call in milliseconds, even if the destination does not answer. */
  readonly timeLimitMs: number;
  /** Converts a generic event to one that the destination accepts. */
  readonly makeValid?: (event: SinkEvent) => SinkEvent;
  /** Converts an event to one that the destination refuses individually. */
  readonly makeInvalid?: (event: SinkEvent) => SinkEvent;
  /** Returns the parsed envelopes that the destination has received. */
  readonly received?: () => Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Makes the destination unreachable. @returns a function that undoes this. */
  readonly disconnect?: () => Promise<() => Promise<void>>;
  /** Makes the destination stop answering. @returns a function that undoes this. */
  readonly stopResponding?: () => Promise<() => Promise<void>>;
  /** Removes the destination, for a sink with a `check`. @returns a function that recreates it. */
  readonly removeDestination?: () => Promise<() => Promise<void>>;
  readonly close?: () => Promise<void>;
}

/** One case of the contract of sinks. */
export interface SinkContractCase {
  readonly title: string;
  /** Rejects if the sink violates the rule in the title. */
  run(): Promise<void>;
}

type Capability = 'makeInvalid' | 'received' | 'disconnect' | 'stopResponding' | 'removeDestination';

interface Rule {
  readonly title: string;
  readonly needs?: readonly Capability[];
  check(subject: Required<Pick<SinkUnderTest, Capability>> & SinkUnderTest): Promise<void>;
}

/**
 * The rules that every sink must follow, as cases for any test framework:
 *
 *     for (const { title, run } of sinkContract(open)) it(title, run);
 *
 * @param open creates a sink and its destination. Called for each case.
 * @param provides the functions that the result of `open` has. Cases that need another function are left out. A case fails if
 * `open` does not return a function that is listed here.
 */
export const sinkContract = (
  open: () => Promise<SinkUnderTest> | SinkUnderTest,
  provides: readonly Capability[] = ['makeInvalid', 'received', 'disconnect', 'stopResponding'],
): SinkContractCase[] =>
  RULES.filter(({ needs = [] }) => needs.every((need) => provides.includes(need))).map(({ title, needs = [], check }) => ({
    title,
    async run() {
      const subject = await open();
      try {
        for (const need of needs) assert.ok(subject[need], `open() does not provide ${need}.`);
        await check(subject as Parameters<typeof check>[0]);
      } finally {
        await subject.close?.();
      }
    },
  }));

const RULES: readonly Rule[] = [
  {
    title: 'has a name and limits of at least one',
    async check({ sink }) {
      assert.match(sink.name, /^\S.*\S$|^\S$/, 'a name');
      for (const limit of ['maxBatchEvents', 'maxBatchBytes', 'maxConcurrency'] as const)
        assert.ok(sink.limits[limit] >= 1, limit);
    },
  },
  {
    title: 'accepts a full call and returns one outcome for each entry',
    async check(subject) {
      const batch = makeEvents(subject, fullBatchSize(subject.sink));
      assert.deepEqual(kinds(await deliver(subject, batch)), kinds(batch.map(() => ACCEPTED)));
    },
  },
  {
    title: 'delivers every field of the envelope unchanged, and the position as its sequence',
    needs: ['received'],
    async check(subject) {
      const batch = makeEvents(subject, Math.min(3, fullBatchSize(subject.sink)));
      await deliver(subject, batch);
      const received = await subject.received();
      for (const { eventId, payload, position } of batch) {
        const found = received.find(({ event_id }) => event_id === eventId);
        assert.deepEqual({ ...found }, { ...(JSON.parse(payload) as object), sequence: position });
      }
    },
  },
  {
    title: 'accepts an event that it has already accepted',
    async check(subject) {
      const batch = makeEvents(subject, 1);
      for (let time = 0; time < 2; time++) assert.deepEqual(kinds(await deliver(subject, batch)), ['accepted']);
    },
  },
  {
    title: 'refuses one invalid event with an error, and accepts the other events of the call',
    needs: ['makeInvalid', 'received'],
    async check(subject) {
      const batch = makeEvents(subject, fullBatchSize(subject.sink));
      const bad = Math.floor(batch.length / 2);
      batch[bad] = subject.makeInvalid(batch[bad]!);
      const outcomes = await deliver(subject, batch);
      assert.deepEqual(
        kinds(outcomes),
        batch.map((_, index) => (index === bad ? 'refused' : 'accepted')),
      );
      assert.ok((outcomes[bad] as { error?: unknown }).error, 'an error with the reason');
      const arrived = new Set((await subject.received()).map(({ event_id }) => event_id));
      assert.deepEqual(
        batch.map(({ eventId }) => arrived.has(eventId)),
        batch.map((_, index) => index !== bad),
      );
    },
  },
  {
    title: 'returns to each of several concurrent calls its own outcomes',
    needs: ['makeInvalid'],
    async check(subject) {
      const calls = Array.from({ length: Math.min(8, Math.max(2, subject.sink.limits.maxConcurrency)) }, (_, index) => {
        const [event] = makeEvents(subject, 1);
        return index % 2 ? subject.makeInvalid(event!) : event!;
      });
      const outcomes = await Promise.all(calls.map((event) => deliver(subject, [event])));
      assert.deepEqual(
        outcomes.flatMap(kinds),
        calls.map((_, index) => (index % 2 ? 'refused' : 'accepted')),
      );
    },
  },
  {
    title: 'refuses no event while its destination is unreachable, and delivers when it is reachable again',
    needs: ['disconnect'],
    async check(subject) {
      const batch = makeEvents(subject, fullBatchSize(subject.sink));
      const restore = await subject.disconnect();
      const outcomes = await deliver(subject, batch).catch(() => []); // a rejection counts as a transport error
      assert.deepEqual(
        kinds(outcomes).filter((kind) => kind !== 'transport' && kind !== 'postponed'),
        [],
      );
      await restore();
      assert.deepEqual(kinds(await deliver(subject, batch)), kinds(batch.map(() => ACCEPTED)));
    },
  },
  {
    title: 'ends a call that the destination does not answer within the time limit',
    needs: ['stopResponding'],
    async check(subject) {
      const batch = makeEvents(subject, 1);
      const restore = await subject.stopResponding();
      const outcomes = await deliver(subject, batch).catch((error: unknown) => {
        if (error instanceof CallTimeoutError) throw error;
        return [];
      });
      assert.ok(!kinds(outcomes).includes('accepted'), 'no outcome is accepted');
      await restore();
    },
  },
  {
    title: 'detects a missing destination, and distinguishes a recreated destination from the original',
    needs: ['removeDestination'],
    async check({ sink, removeDestination }) {
      const identify = (): Promise<string | null> => {
        assert.ok(sink.check, 'a check');
        return sink.check.identify();
      };
      const before = await identify();
      assert.equal(typeof before, 'string');
      assert.equal(await identify(), before);
      const restore = await removeDestination();
      assert.equal(await identify(), null);
      await restore();
      assert.equal(typeof (await identify()), 'string');
      assert.notEqual(await identify(), before);
    },
  },
];

const ACCEPTED: Outcome = { kind: 'accepted' };
const MAX_BATCH_EVENTS = 25; // bounds the batch for a sink without a limit

class CallTimeoutError extends Error {
  override readonly name = 'CallTimeoutError';
}

const kinds = (outcomes: readonly Outcome[]): string[] => outcomes.map(({ kind }) => kind);

const fullBatchSize = ({ limits }: Sink): number => Math.min(limits.maxBatchEvents, MAX_BATCH_EVENTS);

/** Makes one call. Fails if the call exceeds the time limit or does not return one outcome for each entry. */
async function deliver({ sink, timeLimitMs }: SinkUnderTest, batch: readonly SinkEvent[]): Promise<readonly Outcome[]> {
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new CallTimeoutError(`deliver() did not finish within ${timeLimitMs} ms.`)), timeLimitMs);
  });
  try {
    const outcomes = await Promise.race([sink.deliver(batch), timedOut]);
    assert.equal(outcomes.length, batch.length, 'an outcome for each entry');
    return outcomes;
  } finally {
    clearTimeout(timer);
  }
}

let position = 1_000_000n;

function makeEvents({ makeValid = (event) => event }: SinkUnderTest, count: number): SinkEvent[] {
  return Array.from({ length: count }, () => {
    const eventId = randomUUID();
    const correlationId = randomUUID();
    const occurredAt = new Date(1_790_000_000_123);
    const envelope = {
      event_id: eventId,
      event_type: 'thing.changed',
      schema_version: 1,
      occurred_at: occurredAt.toISOString(),
      aggregate_type: 'thing',
      aggregate_id: eventId,
      organization_id: null,
      correlation_id: correlationId,
      actor: null,
      data: { text: 'größer als ASCII, 𝒳 too: "quoted"', number: -1.5, list: [1, null, true] },
    };
    return makeValid({
      position: String(++position),
      eventId,
      eventType: envelope.event_type,
      schemaVersion: 1,
      aggregateType: 'thing',
      aggregateId: eventId,
      organizationId: null,
      correlationId,
      occurredAt,
      payload: JSON.stringify(envelope),
      attempt: 1,
    });
  });
}
