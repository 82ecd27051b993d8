import type { Clock } from '@pikaia/core';
import type { LeaderTask } from './leader.task.js';
import type { Entry, Lanes } from './lanes.js';
import type { OutcomeHandler } from './outcome.handler.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import type { Outcome, Sink } from './sink.js';

export interface DispatcherOptions {
  readonly sink: Sink;
  readonly clock: Clock;
  /** Something has happened: take another step. */
  readonly wake: () => void;
}

/** The calls to the sink: as many in flight as it allows, one at a time while it is not reached. */
export class Dispatcher implements LeaderTask {
  private readonly inFlight = new Set<Promise<void>>();
  private ended = false;
  private dropped = false;

  constructor(
    private readonly options: DispatcherOptions,
    private readonly lanes: Lanes,
    private readonly health: CircuitBreaker,
    private readonly outcomes: OutcomeHandler,
    private readonly maySend: () => boolean,
  ) {}

  /** Starts whatever may be started now. */
  step(): void {
    if (!this.maySend()) return;
    const { clock, sink } = this.options;
    this.lanes.releaseDelayed(clock.monotonic());
    while (!this.ended && !this.health.pausedForMs && this.inFlight.size < this.most) {
      const batch = this.lanes.take(sink.limits);
      if (!batch.length) return;
      const sent: Promise<void> = this.send(batch).finally(() => {
        this.inFlight.delete(sent);
        this.options.wake();
      });
      this.inFlight.add(sent);
    }
  }

  /** Milliseconds until something may be started that may not now; Infinity where an answer or a read comes first. */
  get dueIn(): number {
    if (!this.maySend()) return Infinity;
    return this.health.pausedForMs || Math.max(0, this.lanes.delayedUntil - this.options.clock.monotonic());
  }

  get open(): number {
    return this.inFlight.size;
  }

  /** Nothing happens before a pause is over: the sink's, or that of each entry in hand. */
  get isPaused(): boolean {
    if (this.inFlight.size) return false;
    return this.health.pausedForMs > 0 || (this.lanes.delayedUntil < Infinity && !this.lanes.hasReady);
  }

  /** From here on nothing is sent. */
  end(): void {
    this.ended = true;
  }

  /** What is still in flight decides nothing any more. */
  drop(): void {
    this.dropped = true;
  }

  /** Waits for what is in flight, for at most so many milliseconds. */
  async settled(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)));
    while (this.inFlight.size) {
      const done = await Promise.race([Promise.race(this.inFlight).then(() => true), deadline.then(() => false)]);
      if (!done) break;
    }
    clearTimeout(timer);
  }

  /** The sink may change its mind; a probe is one call. */
  private get most(): number {
    return this.health.isProbing ? 1 : this.options.sink.limits.concurrency;
  }

  private async send(batch: readonly Entry[]): Promise<void> {
    const outcomes = await this.deliver(batch);
    if (!this.dropped) this.outcomes.concludeCall(batch, outcomes);
  }

  private async deliver(batch: readonly Entry[]): Promise<readonly Outcome[]> {
    const { sink } = this.options;
    try {
      const outcomes = await sink.deliver(batch.map(({ event }) => event));
      if (outcomes.length === batch.length) return outcomes;
      throw new Error(`Sink ${sink.name} answered ${outcomes.length} outcomes for ${batch.length} entries.`);
    } catch (error) {
      return batch.map((): Outcome => ({ kind: 'transport', error }));
    }
  }
}
