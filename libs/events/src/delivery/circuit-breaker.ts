import type { Clock } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import type { ClientBase } from 'pg';
import { retryDelay } from '../loop/backoff.js';
import type { LeaderTask } from './leader.task.js';
import { textOf } from './error-fingerprint.js';
import { MARK_FAILING } from '../log/progress.sql.js';

const logger = getLogger('outbox');

interface CircuitBreakerOptions {
  readonly sink: { readonly name: string };
  readonly clock: Clock;
  readonly random: () => number;
}

const LONGEST_PAUSE_MS = 30_000; // a sink that comes back is found within it, however long it was away

/** The circuit breaker: while the sink is not reached nothing is sent, but for one call after each pause, the probe. */
export class CircuitBreaker implements LeaderTask {
  /** When an answer last came; monotonic milliseconds. */
  reachedAt = -Infinity;
  private failures = 0;
  private pausedUntil = -Infinity;
  private lastError: string | null = null;
  private isWritten = true;

  constructor(
    private readonly client: ClientBase,
    private readonly options: CircuitBreakerOptions,
    /** As a former leader left it: the first success clears it. */
    private since: Date | null,
  ) {}

  get failingSince(): Date | null {
    return this.since;
  }

  /** The last call did not reach the sink: the next one is to find out whether it is back. */
  get isProbing(): boolean {
    return this.failures > 0;
  }

  /** Zero when the way is free. */
  get pausedForMs(): number {
    return Math.max(0, this.pausedUntil - this.options.clock.monotonic());
  }

  /** Something did not get through, though other things may have. */
  fail(error: unknown): void {
    const { clock, sink } = this.options;
    const text = textOf(error);
    this.isWritten &&= this.since !== null && this.lastError === text;
    if (this.lastError === null) logger.warning('sink_failing', { sink: sink.name, reason: text });
    this.lastError = text;
    this.since ??= clock.now();
  }

  /** Nothing got through: the breaker opens, or stays open for longer. */
  pause(): void {
    if (this.pausedForMs) return;
    const { clock, random } = this.options;
    this.pausedUntil = clock.monotonic() + Math.min(LONGEST_PAUSE_MS, retryDelay(++this.failures, random));
  }

  /** Something got through: the breaker closes. */
  reached(): void {
    this.reachedAt = this.options.clock.monotonic();
    this.failures = 0;
    this.pausedUntil = -Infinity;
  }

  /** Nothing waits any more that did not get through. */
  recover(): void {
    const { sink } = this.options;
    if (this.since) {
      logger.info('sink_recovered', { sink: sink.name, failing_since: this.since });
      this.isWritten = false;
    }
    this.since = null;
    this.lastError = null;
  }

  get dueIn(): number {
    return this.isWritten ? Infinity : 0;
  }

  /** Shows the state in outbox_sink when it has changed. */
  step(): void | Promise<void> {
    if (!this.isWritten) return this.write();
  }

  private async write(): Promise<void> {
    this.isWritten = true;
    await this.client.query(MARK_FAILING, [this.options.sink.name, this.since, this.lastError]);
  }
}
