import type { Clock } from '@pikaia/core';
import { accepted, type Outcome, type Sink, type SinkEvent } from '../../../libs/events/src/delivery/sink.js';

type ScriptedOutcome = Outcome | ((event: SinkEvent) => Outcome | Promise<Outcome>);

/** A sink that records its events in order and accepts them unless the test sets another outcome. */
export class ScriptedSink implements Sink {
  readonly from: Sink['from'];
  readonly ordering: Sink['ordering'];
  readonly types: readonly string[] | null;
  readonly limits: Sink['limits'];
  readonly observer: boolean;
  readonly delivered: SinkEvent[] = [];
  readonly outcomes = new Map<string, ScriptedOutcome>();
  defaultOutcome: ScriptedOutcome | undefined;

  constructor(
    readonly name: string,
    { from = 'beginning', ordering = 'aggregate', types = null, limits, observer = false }: Partial<Sink> = {},
  ) {
    this.from = from;
    this.ordering = ordering;
    this.types = types;
    this.observer = observer;
    this.limits = limits ?? { maxBatchEvents: 1, maxBatchBytes: 1_000_000, maxConcurrency: 4 };
  }

  get ids(): string[] {
    return this.delivered.map(({ eventId }) => eventId);
  }

  deliver(batch: readonly SinkEvent[]): Promise<readonly Outcome[]> {
    this.delivered.push(...batch);
    return Promise.all(
      batch.map(async (event) => {
        const answer = this.outcomes.get(event.eventId) ?? this.defaultOutcome ?? accepted;
        return typeof answer === 'function' ? answer(event) : answer;
      }),
    );
  }
}

export const refused = (message = 'no', permanent = false): Outcome => ({
  kind: 'refused',
  error: new Error(message),
  permanent,
});

/** A clock whose time changes only by `advance`. Its monotonic time continues to run. */
export class ManualClock implements Clock {
  private offsetMs = 0;

  now(): Date {
    return new Date(1_800_000_000_000 + this.offsetMs);
  }

  monotonic(): number {
    return performance.now() + this.offsetMs;
  }

  advance(ms: number): void {
    this.offsetMs += ms;
  }
}
