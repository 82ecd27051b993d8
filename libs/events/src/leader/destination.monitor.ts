import { PikaiaError } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import { retryDelay } from '../loop/backoff.js';
import type { CursorStore } from '../log/cursor.store.js';
import { LAST_SEEN, STORE_LAST_SEEN } from '../log/destination.sql.js';
import type { LeaderTask } from '../delivery/leader.task.js';
import { textOf } from '../delivery/error-fingerprint.js';
import type { CircuitBreaker } from '../delivery/circuit-breaker.js';
import type { Sink } from '../delivery/sink.js';
import type { RelayContext } from '../delivery/relay.context.js';

const logger = getLogger('outbox');

type MonitorContext = Pick<RelayContext, 'client' | 'sink' | 'clock' | 'random' | 'wake'>;

interface CheckResult {
  /** Number of the newest cursor when the check began. The events that it covers were delivered by then. */
  readonly number: bigint;
  /** Identity of the destination; null if it does not exist; absent if the check failed. */
  readonly identity?: string | null;
  readonly error?: unknown;
}

/** Thrown after the sink went back to an earlier cursor. It ends the term; the next term reads from that cursor. */
class RewoundError extends Error {
  override readonly name = 'RewoundError';
}

export const destinationMissing = (sink: Sink): PikaiaError =>
  new PikaiaError(
    'PIKAIA_SINK_DESTINATION_MISSING',
    `Sink ${sink.name}: ${sink.check!.destination} does not exist. Create it or correct its name. Until then, nothing is sent.`,
  );

/**
 * Checks periodically whether a sink's destination exists. If it was missing or recreated, the events since the last
 * successful check are sent again, because the destination may have discarded them.
 */
export class DestinationMonitor implements LeaderTask {
  private state: 'unknown' | 'present' | 'missing';
  private isChecking = false;
  private result: CheckResult | undefined;
  private nextCheckAt = -Infinity;
  private failures = 0;

  private constructor(
    private readonly relay: MonitorContext,
    private readonly store: CursorStore,
    private readonly breaker: CircuitBreaker,
    private lastSeen: { number: bigint; identity: string | null } | null,
  ) {
    this.state = relay.sink.check ? 'unknown' : 'present';
  }

  static async begin(relay: MonitorContext, store: CursorStore, breaker: CircuitBreaker): Promise<DestinationMonitor> {
    const { rows } = await relay.client.query<{ number: string | null; identity: string | null }>(LAST_SEEN, [relay.sink.name]);
    const { number, identity } = rows[0]!;
    const last = number === null ? null : { number: BigInt(number), identity };
    return new DestinationMonitor(relay, store, breaker, last);
  }

  /** False before the first successful check and while the destination is missing. */
  get allowsSending(): boolean {
    return this.state === 'present';
  }

  get isMissing(): boolean {
    return this.state === 'missing';
  }

  get dueInMs(): number {
    if (!this.relay.sink.check || this.isChecking) return Infinity;
    return this.result ? 0 : Math.max(0, this.nextCheckAt - this.relay.clock.monotonic());
  }

  /**
   * Handles the result of the last check and starts the next one if it is due. Does not wait for the check.
   *
   * @throws RewoundError if the sink has to restart from an earlier cursor.
   */
  step(): void | Promise<void> {
    if (this.dueInMs <= 0) return this.handleResultThenCheck();
  }

  private async handleResultThenCheck(): Promise<void> {
    const { result } = this;
    this.result = undefined;
    if (result) await this.handleResult(result);
    if (this.dueInMs <= 0) this.startCheck();
  }

  private startCheck(): void {
    const { sink, wake } = this.relay;
    const { number } = this.store;
    this.isChecking = true;
    const finish = (result: CheckResult): void => {
      this.isChecking = false;
      this.result = result;
      wake();
    };
    sink.check!.identify().then(
      (identity) => finish({ number, identity }),
      (error: unknown) => finish({ number, error }),
    );
  }

  private async handleResult({ number, identity, error }: CheckResult): Promise<void> {
    const { sink, clock, random } = this.relay;
    const intervalMs = sink.check!.intervalMs;
    if (identity === undefined) {
      this.nextCheckAt = clock.monotonic() + Math.min(intervalMs, retryDelay(++this.failures, random));
      if (this.state === 'unknown') this.breaker.markFailing(textOf(error));
      else if (this.failures === 1) logger.warning('sink_check_failed', { sink: sink.name, reason: textOf(error) });
      return;
    }
    this.failures = 0;
    this.nextCheckAt = clock.monotonic() + intervalMs;
    if (identity === null) await this.markMissing();
    else if (this.lastSeen && this.lastSeen.identity !== identity) await this.rewind(this.lastSeen.number, identity);
    else await this.markPresent(number, identity);
  }

  private async markPresent(number: bigint, identity: string): Promise<void> {
    if (this.state !== 'present') this.breaker.markRecovered();
    this.state = 'present';
    await this.storeLastSeen(number, identity);
  }

  private async markMissing(): Promise<void> {
    const { sink } = this.relay;
    const error = destinationMissing(sink);
    if (this.state !== 'missing') logger.exception('sink_destination_missing', error, { sink: sink.name });
    this.state = 'missing';
    this.breaker.markFailing(textOf(error));
    // The next leader has to know that the destination was missing.
    if (this.lastSeen && this.lastSeen.identity !== null) await this.storeLastSeen(this.lastSeen.number, null);
  }

  private async storeLastSeen(number: bigint, identity: string | null): Promise<void> {
    if (this.lastSeen?.number === number && this.lastSeen.identity === identity) return;
    this.lastSeen = { number, identity };
    await this.relay.client.query(STORE_LAST_SEEN, [this.relay.sink.name, String(number), identity]);
  }

  private async rewind(number: bigint, identity: string): Promise<never> {
    const { sink } = this.relay;
    const { position, deliveries } = await this.store.rewind(number, identity);
    logger.warning('sink_rewound', { sink: sink.name, position, deliveries });
    throw new RewoundError(
      `${sink.check!.destination} was missing or was recreated. Delivery restarts from position ${position}.`,
    );
  }
}
