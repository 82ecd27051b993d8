import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Outcome, Sink, SinkEvent } from '../delivery/sink.js';

/** A sink with what its tests may do to its destination. What is left out skips the cases that need it. */
export interface SinkUnderTest {
  readonly sink: Sink;
  /** Milliseconds within which a call has to be over, whatever the destination does. */
  readonly timeLimitMs: number;
  /** Makes a plain event one that the destination takes. */
  readonly shape?: (event: SinkEvent) => SinkEvent;
  /** Makes an event one that the destination refuses by itself. */
  readonly spoil?: (event: SinkEvent) => SinkEvent;
  /** The envelopes that have arrived so far, parsed. */
  readonly received?: () => Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** From here on the destination is not reached. @returns what ends that. */
  readonly cutOff?: () => Promise<() => Promise<void>>;
  /** From here on the destination answers nothing. @returns what ends that. */
  readonly silence?: () => Promise<() => Promise<void>>;
  /** Removes the destination, for a sink with a `check`. @returns what makes it anew. */
  readonly remove?: () => Promise<() => Promise<void>>;
  readonly close?: () => Promise<void>;
}

export interface ContractCase {
  readonly title: string;
  /** Rejects when the sink does not keep what the title says. */
  run(): Promise<void>;
}

type Need = 'spoil' | 'received' | 'cutOff' | 'silence' | 'remove';

interface Rule {
  readonly title: string;
  readonly needs?: readonly Need[];
  check(subject: Required<Pick<SinkUnderTest, Need>> & SinkUnderTest): Promise<void>;
}

/**
 * What every sink must keep, as cases for any test framework:
 *
 *     for (const { title, run } of sinkContract(open)) it(title, run);
 *
 * @param open a sink and its destination, new for each case.
 * @param provides what `open` will give, so that a case which needs something else is left out and not passed silently.
 */
export const sinkContract = (
  open: () => Promise<SinkUnderTest> | SinkUnderTest,
  provides: readonly Need[] = ['spoil', 'received', 'cutOff', 'silence'],
): ContractCase[] =>
  RULES.filter(({ needs = [] }) => needs.every((need) => provides.includes(need))).map(({ title, needs = [], check }) => ({
    title,
    async run() {
      const subject = await open();
      try {
        for (const need of needs) assert.ok(subject[need], `open() gives no ${need}, though it was to.`);
        await check(subject as Parameters<typeof check>[0]);
      } finally {
        await subject.close?.();
      }
    },
  }));

const RULES: readonly Rule[] = [
  {
    title: 'has a name, and limits that a call can keep',
    async check({ sink }) {
      assert.match(sink.name, /^\S.*\S$|^\S$/, 'a name');
      for (const limit of ['entries', 'bytes', 'concurrency'] as const) assert.ok(sink.limits[limit] >= 1, limit);
    },
  },
  {
    title: 'accepts a full call, with an outcome for each entry',
    async check(subject) {
      const batch = events(subject, fullCall(subject.sink));
      assert.deepEqual(kinds(await deliver(subject, batch)), kinds(batch.map(() => ACCEPTED)));
    },
  },
  {
    title: 'delivers the envelope with every field as it was written, and the position as its sequence',
    needs: ['received'],
    async check(subject) {
      const batch = events(subject, Math.min(3, fullCall(subject.sink)));
      await deliver(subject, batch);
      const received = await subject.received();
      for (const { eventId, payload, position } of batch) {
        const found = received.find(({ event_id }) => event_id === eventId);
        assert.deepEqual({ ...found }, { ...(JSON.parse(payload) as object), sequence: position });
      }
    },
  },
  {
    title: 'accepts an event that it has had before',
    async check(subject) {
      const batch = events(subject, 1);
      for (let time = 0; time < 2; time++) assert.deepEqual(kinds(await deliver(subject, batch)), ['accepted']);
    },
  },
  {
    title: 'refuses an event by itself, and says why; the others of its call are accepted',
    needs: ['spoil', 'received'],
    async check(subject) {
      const batch = events(subject, fullCall(subject.sink));
      const bad = Math.floor(batch.length / 2);
      batch[bad] = subject.spoil(batch[bad]!);
      const outcomes = await deliver(subject, batch);
      assert.deepEqual(
        kinds(outcomes),
        batch.map((_, index) => (index === bad ? 'refused' : 'accepted')),
      );
      assert.ok((outcomes[bad] as { error?: unknown }).error, 'an error that says why');
      const arrived = new Set((await subject.received()).map(({ event_id }) => event_id));
      assert.deepEqual(
        batch.map(({ eventId }) => arrived.has(eventId)),
        batch.map((_, index) => index !== bad),
      );
    },
  },
  {
    title: 'keeps apart the answers of calls that are in flight together',
    needs: ['spoil'],
    async check(subject) {
      const calls = Array.from({ length: Math.min(8, Math.max(2, subject.sink.limits.concurrency)) }, (_, index) => {
        const [event] = events(subject, 1);
        return index % 2 ? subject.spoil(event!) : event!;
      });
      const outcomes = await Promise.all(calls.map((event) => deliver(subject, [event])));
      assert.deepEqual(
        outcomes.flatMap(kinds),
        calls.map((_, index) => (index % 2 ? 'refused' : 'accepted')),
      );
    },
  },
  {
    title: 'blames no event for a destination that is not reached, and goes on when it is',
    needs: ['cutOff'],
    async check(subject) {
      const batch = events(subject, fullCall(subject.sink));
      const restore = await subject.cutOff();
      const outcomes = await deliver(subject, batch).catch(() => []); // a rejection counts as transport
      assert.deepEqual(
        kinds(outcomes).filter((kind) => kind !== 'transport' && kind !== 'postponed'),
        [],
      );
      await restore();
      assert.deepEqual(kinds(await deliver(subject, batch)), kinds(batch.map(() => ACCEPTED)));
    },
  },
  {
    title: 'gives up a call that is not answered, within its time limit',
    needs: ['silence'],
    async check(subject) {
      const batch = events(subject, 1);
      const restore = await subject.silence();
      const outcomes = await deliver(subject, batch).catch((error: unknown) => {
        if (error instanceof LateError) throw error;
        return [];
      });
      assert.ok(!kinds(outcomes).includes('accepted'), 'nobody has accepted it');
      await restore();
    },
  },
  {
    title: 'says when its destination is missing, and knows one that was made anew from the one before',
    needs: ['remove'],
    async check({ sink, remove }) {
      const look = (): Promise<string | null> => {
        assert.ok(sink.check, 'a check');
        return sink.check.look();
      };
      const before = await look();
      assert.equal(typeof before, 'string');
      assert.equal(await look(), before);
      const restore = await remove();
      assert.equal(await look(), null);
      await restore();
      assert.equal(typeof (await look()), 'string');
      assert.notEqual(await look(), before);
    },
  },
];

const ACCEPTED: Outcome = { kind: 'accepted' };
const MOST_IN_A_CALL = 25; // a sink without a limit is not to be tried with all that there is

class LateError extends Error {
  override readonly name = 'LateError';
}

const kinds = (outcomes: readonly Outcome[]): string[] => outcomes.map(({ kind }) => kind);

const fullCall = ({ limits }: Sink): number => Math.min(limits.entries, MOST_IN_A_CALL);

/** One call, which has to be over in time and to answer for each entry. */
async function deliver({ sink, timeLimitMs }: SinkUnderTest, batch: readonly SinkEvent[]): Promise<readonly Outcome[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LateError(`deliver() was not over within ${timeLimitMs} ms.`)), timeLimitMs);
  });
  try {
    const outcomes = await Promise.race([sink.deliver(batch), late]);
    assert.equal(outcomes.length, batch.length, 'an outcome for each entry');
    return outcomes;
  } finally {
    clearTimeout(timer);
  }
}

let position = 1_000_000n;

function events({ shape = (event) => event }: SinkUnderTest, count: number): SinkEvent[] {
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
    return shape({
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
