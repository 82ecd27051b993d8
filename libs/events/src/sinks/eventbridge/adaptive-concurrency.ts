import type { Clock } from '@pikaia/core';
import { CallLatency } from './call-latency.js';

const INITIAL_CONCURRENCY = 4;

/** The maximum number of overdue calls beside those that the limit allows. It bounds the sockets of calls that hang. */
export const maxOverdueCalls = (maxConcurrency: number): number => Math.min(4 * maxConcurrency, 256);

export interface AdaptiveConcurrencyOptions {
  readonly maxConcurrency: number;
  readonly maxTimeoutMs: number;
  /** Source of jitter: returns a number between 0 and 1, so that throttled workers do not speed up together. */
  readonly random: () => number;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** `answered`: the bus processed the call. `throttled`: the bus wants fewer calls. `timed out`: no answer in time. */
export type CallResult = 'answered' | 'throttled' | 'timed out' | 'failed';

/** A call in flight. */
export interface RunningCall {
  readonly timeoutMs: number;
  /** Records the result. Call it once. */
  end(result: CallResult): void;
}

/**
 * Limits the calls in flight. The limit grows by one for each full round of answered calls while it is used up. It drops at once
 * when a call is throttled. Calls that were in flight at that moment do not change it again.
 *
 * A timeout does not lower the limit: one call that hangs says nothing about the others. A call that takes longer than usual gives
 * its place to another one. While no call is answered at all, the circuit breaker of the relay allows one call after each pause.
 */
export class AdaptiveConcurrency {
  private readonly latency: CallLatency;
  private limit: number;
  private generation = 0;
  /** The start of each call in flight, in monotonic milliseconds, the oldest first. */
  private readonly startedAt = new Map<RunningCall, number>();

  constructor(private readonly options: AdaptiveConcurrencyOptions) {
    this.limit = Math.min(INITIAL_CONCURRENCY, options.maxConcurrency);
    this.latency = new CallLatency(options.maxTimeoutMs);
  }

  /** The number of calls that may be in flight now: the limit, and the overdue calls up to their maximum. */
  get current(): number {
    return Math.floor(this.limit) + this.overdueCount();
  }

  /** Records that a call begins. */
  begin(): RunningCall {
    const { latency, generation, startedAt } = this;
    const { timeoutMs } = latency;
    const now = this.options.clock.monotonic();
    const isFull = startedAt.size + 1 >= this.current;
    const call: RunningCall = {
      timeoutMs,
      end: (result) => {
        startedAt.delete(call);
        if (result === 'timed out') latency.recordTimeout(timeoutMs);
        if (result === 'answered') latency.recordAnswer(this.options.clock.monotonic() - now);
        if (generation !== this.generation) return;
        if (result === 'answered' && isFull) this.limit = Math.min(this.options.maxConcurrency, this.limit + 1 / this.limit);
        if (result === 'throttled') this.reduce();
      },
    };
    startedAt.set(call, now);
    return call;
  }

  private overdueCount(): number {
    const overdueBefore = this.options.clock.monotonic() - this.latency.usualMs;
    const max = maxOverdueCalls(this.options.maxConcurrency);
    let count = 0;
    for (const startedAt of this.startedAt.values()) {
      if (startedAt > overdueBefore || count === max) break;
      count++;
    }
    return count;
  }

  private reduce(): void {
    this.generation++;
    this.limit = Math.max(1, this.limit * (0.4 + 0.3 * this.options.random()));
  }
}
