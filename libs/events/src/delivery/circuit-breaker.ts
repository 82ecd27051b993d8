import { getLogger } from '@pikaia/logging';
import { retryDelay } from '../loop/backoff.js';
import type { LeaderTask } from './leader.task.js';
import { MARK_FAILING } from '../log/progress.sql.js';
import type { RelayContext } from './relay.context.js';

const logger = getLogger('outbox');

const MAX_OPEN_MS = 30_000; // a sink that recovers is detected within this time after any outage

/** Stops sending while the sink is unreachable. After each pause the circuit is half-open and one call probes the sink. */
export class CircuitBreaker implements LeaderTask {
  /** Time at which a call last reached the sink, in monotonic milliseconds. */
  lastReachedAt = -Infinity;
  private failures = 0;
  private openUntil = -Infinity;
  private lastError: string | null = null;
  private isWritten = true;

  constructor(
    private readonly relay: Pick<RelayContext, 'client' | 'sink' | 'clock' | 'random'>,
    /** The value that a previous leader stored. The first success clears it. */
    private since: Date | null,
  ) {}

  get failingSince(): Date | null {
    return this.since;
  }

  /** True if the last call did not reach the sink. The next call is a probe. */
  get needsProbe(): boolean {
    return this.failures > 0;
  }

  /** Milliseconds until the next call is allowed; 0 if calls are allowed now. */
  get openForMs(): number {
    return Math.max(0, this.openUntil - this.relay.clock.monotonic());
  }

  /** Records that an entry did not reach the sink. Other entries of the call may have reached it. */
  markFailing(text: string): void {
    const { clock, sink } = this.relay;
    this.isWritten &&= this.since !== null && this.lastError === text;
    if (this.lastError === null) logger.warning('sink_failing', { sink: sink.name, reason: text });
    this.lastError = text;
    this.since ??= clock.now();
  }

  /** Opens the circuit after a call that did not reach the sink. Each consecutive failure lengthens the pause. */
  open(): void {
    if (this.openForMs) return;
    const { clock, random } = this.relay;
    this.openUntil = clock.monotonic() + Math.min(MAX_OPEN_MS, retryDelay(++this.failures, random));
  }

  /** Closes the circuit after a call that reached the sink. */
  close(): void {
    this.lastReachedAt = this.relay.clock.monotonic();
    this.failures = 0;
    this.openUntil = -Infinity;
  }

  /** Records that no entry waits for a retry after a transport failure. */
  markRecovered(): void {
    const { sink } = this.relay;
    if (this.since) {
      logger.info('sink_recovered', { sink: sink.name, failing_since: this.since });
      this.isWritten = false;
    }
    this.since = null;
    this.lastError = null;
  }

  get dueInMs(): number {
    return this.isWritten ? Infinity : 0;
  }

  /** Writes the state to `outbox_sink` if it changed. */
  step(): void | Promise<void> {
    if (!this.isWritten) return this.write();
  }

  private async write(): Promise<void> {
    this.isWritten = true;
    await this.relay.client.query(MARK_FAILING, [this.relay.sink.name, this.since, this.lastError]);
  }
}
