import { accepted, type Outcome, type Sink, type SinkEvent } from '../delivery/sink.js';
import { sentText } from '../delivery/sent-text.js';
import { sinkContract, type SinkUnderTest } from './sink.contract.js';

/** Keeps what it accepts in memory; the planted ones below each break one thing. */
class MemorySink implements Sink {
  readonly name: string = 'memory';
  readonly from = 'now';
  readonly ordering = 'none';
  readonly types = null;
  readonly limits: Sink['limits'] = { entries: 5, bytes: 10_000, concurrency: 4 };
  readonly received: Record<string, unknown>[] = [];
  isCutOff = false;
  isSilent = false;
  identity: string | null = '1';
  readonly check = { what: 'memory', everyMs: 1000, look: async (): Promise<string | null> => this.identity };

  async deliver(batch: readonly SinkEvent[]): Promise<readonly Outcome[]> {
    if (this.isSilent) await this.giveUp();
    if (this.isCutOff) throw new Error('not reached');
    return batch.map((event) => this.take(event));
  }

  protected giveUp(): Promise<void> {
    return Promise.reject(new Error('not answered in time'));
  }

  protected take(event: SinkEvent): Outcome {
    if (event.eventType === 'bad') return { kind: 'refused', error: new Error('bad') };
    this.received.push(JSON.parse(sentText(event)) as Record<string, unknown>);
    return accepted;
  }
}

const PLANTED: readonly (readonly [string, new () => MemorySink])[] = [
  [
    'has a name, and limits that a call can keep',
    class extends MemorySink {
      override readonly limits = { entries: 0, bytes: 1, concurrency: 1 };
    },
  ],
  [
    'accepts a full call, with an outcome for each entry',
    class extends MemorySink {
      override async deliver(batch: readonly SinkEvent[]) {
        return (await super.deliver(batch)).slice(0, 1);
      }
    },
  ],
  [
    'delivers the envelope with every field as it was written, and the position as its sequence',
    class extends MemorySink {
      protected override take(event: SinkEvent): Outcome {
        this.received.push(JSON.parse(event.payload) as Record<string, unknown>); // without the sequence
        return accepted;
      }
    },
  ],
  [
    'accepts an event that it has had before',
    class extends MemorySink {
      protected override take(event: SinkEvent): Outcome {
        const isKnown = this.received.some(({ event_id }) => event_id === event.eventId);
        return isKnown ? { kind: 'refused', error: new Error('known') } : super.take(event);
      }
    },
  ],
  [
    'refuses an event by itself, and says why; the others of its call are accepted',
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
    'keeps apart the answers of calls that are in flight together',
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
    'blames no event for a destination that is not reached, and goes on when it is',
    class extends MemorySink {
      override deliver(batch: readonly SinkEvent[]) {
        return super.deliver(batch).catch((error: unknown) => batch.map((): Outcome => ({ kind: 'refused', error })));
      }
    },
  ],
  [
    'gives up a call that is not answered, within its time limit',
    class extends MemorySink {
      protected override giveUp(): Promise<void> {
        return new Promise(() => undefined);
      }
    },
  ],
  [
    'says when its destination is missing, and knows one that was made anew from the one before',
    class extends MemorySink {
      override readonly check = {
        what: 'memory',
        everyMs: 1000,
        look: async () => (this.identity === null ? null : 'always the same'),
      };
    },
  ],
];

const casesOf = (Kind: new () => MemorySink) =>
  sinkContract((): SinkUnderTest => {
    const sink = new Kind();
    return {
      sink,
      timeLimitMs: 200,
      spoil: (event) => ({ ...event, eventType: 'bad' }),
      received: async () => sink.received,
      cutOff: async () => {
        sink.isCutOff = true;
        return async () => void (sink.isCutOff = false);
      },
      silence: async () => {
        sink.isSilent = true;
        return async () => void (sink.isSilent = false);
      },
      remove: async () => {
        sink.identity = null;
        return async () => void (sink.identity = '2');
      },
    };
  }, ['spoil', 'received', 'cutOff', 'silence', 'remove']);

describe('the contract of sinks', () => {
  for (const { title, run } of casesOf(MemorySink)) it(title, run);

  it.each(PLANTED)('is seen to be broken: %s (planted)', async (title, Planted) => {
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

  it('leaves out what cannot be tried, and says so when it was promised', async () => {
    const open = (): SinkUnderTest => ({ sink: new MemorySink(), timeLimitMs: 100 });
    expect(sinkContract(open, []).map(({ title }) => title)).not.toContain(PLANTED[4]![0]);
    await expect(sinkContract(open).at(-1)!.run()).rejects.toThrow('gives no silence');
  });
});
