import { accepted, type Outcome, type Sink, type SinkEvent } from '../delivery/sink.js';
import { serializeEvent } from '../delivery/serialize-event.js';
import { sinkContract, type SinkUnderTest } from './sink.contract.js';

/** A valid sink that keeps events in memory. Each planted sink below violates one rule. */
class MemorySink implements Sink {
  readonly name: string = 'memory';
  readonly from = 'now';
  readonly ordering = 'none';
  readonly types = null;
  readonly limits: Sink['limits'] = { maxBatchEvents: 5, maxBatchBytes: 10_000, maxConcurrency: 4 };
  readonly received: Record<string, unknown>[] = [];
  isCutOff = false;
  isSilent = false;
  identity: string | null = '1';
  readonly check = { destination: 'memory', intervalMs: 1000, identify: async (): Promise<string | null> => this.identity };

  async deliver(batch: readonly SinkEvent[]): Promise<readonly Outcome[]> {
    if (this.isSilent) await this.giveUp();
    if (this.isCutOff) throw new Error('unreachable');
    return batch.map((event) => this.take(event));
  }

  protected giveUp(): Promise<void> {
    return Promise.reject(new Error('not answered in time'));
  }

  protected take(event: SinkEvent): Outcome {
    if (event.eventType === 'bad') return { kind: 'refused', error: new Error('bad') };
    this.received.push(JSON.parse(serializeEvent(event)) as Record<string, unknown>);
    return accepted;
  }
}

const PLANTED: readonly (readonly [string, new () => MemorySink])[] = [
  [
    'has a name and limits of at least one',
    class extends MemorySink {
      override readonly limits = { maxBatchEvents: 0, maxBatchBytes: 1, maxConcurrency: 1 };
    },
  ],
  [
    'accepts a full call and returns one outcome for each entry',
    class extends MemorySink {
      override async deliver(batch: readonly SinkEvent[]) {
        return (await super.deliver(batch)).slice(0, 1);
      }
    },
  ],
  [
    'delivers every field of the envelope unchanged, and the position as its sequence',
    class extends MemorySink {
      protected override take(event: SinkEvent): Outcome {
        this.received.push(JSON.parse(event.payload) as Record<string, unknown>); // without the sequence
        return accepted;
      }
    },
  ],
  [
    'accepts an event that it has already accepted',
    class extends MemorySink {
      protected override take(event: SinkEvent): Outcome {
        const isKnown = this.received.some(({ event_id }) => event_id === event.eventId);
        return isKnown ? { kind: 'refused', error: new Error('known') } : super.take(event);
      }
    },
  ],
  [
    'refuses one invalid event with an error, and accepts the other events of the call',
    class extends MemorySink {
      override async deliver(batch: readonly SinkEvent[]) {
        const outcomes = await super.deliver(batch);
        return outcomes.find(({ kind }) => kind === 'refused')
          ? batch.map((): Outcome => ({ kind: 'refused', error: 1 }))
          : outcomes;
      }
    },
  ],
  [
    'returns to each of several concurrent calls its own outcomes',
    class extends MemorySink {
      private last: readonly Outcome[] = [];
      override async deliver(batch: readonly SinkEvent[]) {
        this.last = await super.deliver(batch);
        await new Promise((resolve) => setImmediate(resolve));
        return batch.map(() => this.last[0]!);
      }
    },
  ],
  [
    'refuses no event while its destination is unreachable, and delivers when it is reachable again',
    class extends MemorySink {
      override deliver(batch: readonly SinkEvent[]) {
        return super.deliver(batch).catch((error: unknown) => batch.map((): Outcome => ({ kind: 'refused', error })));
      }
    },
  ],
  [
    'ends a call that the destination does not answer within the time limit',
    class extends MemorySink {
      protected override giveUp(): Promise<void> {
        return new Promise(() => undefined);
      }
    },
  ],
  [
    'detects a missing destination, and distinguishes a recreated destination from the original',
    class extends MemorySink {
      override readonly check = {
        destination: 'memory',
        intervalMs: 1000,
        identify: async () => (this.identity === null ? null : 'always the same'),
      };
    },
  ],
];

const casesOf = (SinkClass: new () => MemorySink) =>
  sinkContract((): SinkUnderTest => {
    const sink = new SinkClass();
    return {
      sink,
      timeLimitMs: 200,
      makeInvalid: (event) => ({ ...event, eventType: 'bad' }),
      received: async () => sink.received,
      disconnect: async () => {
        sink.isCutOff = true;
        return async () => void (sink.isCutOff = false);
      },
      stopResponding: async () => {
        sink.isSilent = true;
        return async () => void (sink.isSilent = false);
      },
      removeDestination: async () => {
        sink.identity = null;
        return async () => void (sink.identity = '2');
      },
    };
  }, ['makeInvalid', 'received', 'disconnect', 'stopResponding', 'removeDestination']);

describe('the contract of sinks', () => {
  for (const { title, run } of casesOf(MemorySink)) it(title, run);

  it.each(PLANTED)('detects a sink that violates the rule: %s (planted)', async (title, Planted) => {
    await expect(
      casesOf(Planted)
        .find((one) => one.title === title)!
        .run(),
    ).rejects.toThrow();
  });

  it('has a planted sink for each case', () => {
    expect(PLANTED.map(([title]) => title).sort()).toEqual(
      casesOf(MemorySink)
        .map(({ title }) => title)
        .sort(),
    );
  });

  it('leaves out cases whose functions are not provided, and fails if a listed function is missing', async () => {
    const open = (): SinkUnderTest => ({ sink: new MemorySink(), timeLimitMs: 100 });
    expect(sinkContract(open, []).map(({ title }) => title)).not.toContain(PLANTED[4]![0]);
    await expect(sinkContract(open).at(-1)!.run()).rejects.toThrow('does not provide stopResponding');
  });
});
