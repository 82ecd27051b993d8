import type { Clock } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import type { ClientBase } from 'pg';
import { retryDelay } from './backoff.js';
import { textOf } from './error-fingerprint.js';
import { MARK_FAILING } from './progress.sql.js';

const logger = getLogger('outbox');

interface SinkHealthOptions {
  readonly sink: { readonly name: string };
  readonly clock: Clock;
  readonly random: () => number;
}

/** The circuit breaker: while the sink is not reached nothing is sent, but for a probe after each pause. */
export class SinkHealth {
  /** Monotonic milliseconds. */
  lastSuccessAt = -Infinity;
  private failures = 0;
  private pausedUntil = -Infinity;
  private lastError: string | null = null;
  private isWritten = true;

  constructor(
    private readonly client: ClientBase,
    private readonly options: SinkHealthOptions,
    /** As a former leader left it: the first success clears it. */
    private since: Date | null,
  ) {}

  get failingSince(): Date | null {
    return this.since;
  }

  /** Zero when the way is free. */
  get pausedForMs(): number {
    return Math.max(0, this.pausedUntil - this.options.clock.monotonic());
  }

  fail(error: unknown): void {
    const { clock, random, sink } = this.options;
    const text = textOf(error);
    this.isWritten &&= this.since !== null && this.lastError === text;
    this.lastError = text;
    if (!this.failures) logger.warning('sink_failing', { sink: sink.name, reason: this.lastError });
    this.since ??= clock.now();
    if (!this.pausedForMs) this.pausedUntil = clock.monotonic() + retryDelay(++this.failures, random);
  }

  recover(): void {
    const { clock, sink } = this.options;
    this.lastSuccessAt = clock.monotonic();
    if (this.since) {
      logger.info('sink_recovered', { sink: sink.name, failing_since: this.since });
      this.isWritten = false;
    }
    this.since = null;
    this.lastError = null;
    this.failures = 0;
    this.pausedUntil = -Infinity;
  }

  /** Shows the state in outbox_sink when it has changed. */
  async write(): Promise<void> {
    if (this.isWritten) return;
    this.isWritten = true;
    await this.client.query(MARK_FAILING, [this.options.sink.name, this.since, this.lastError]);
  }
}
