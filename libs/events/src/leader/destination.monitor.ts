import { PikaiaError, type Clock } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import type { ClientBase } from 'pg';
import { retryDelay } from '../loop/backoff.js';
import type { CursorStore } from '../log/cursor.store.js';
import { LAST_SEEN, NOTE_SEEN } from '../log/destination.sql.js';
import type { LeaderTask } from '../delivery/leader.task.js';
import { textOf } from '../delivery/error-fingerprint.js';
import type { CircuitBreaker } from '../delivery/circuit-breaker.js';
import type { Sink } from '../delivery/sink.js';

const logger = getLogger('outbox');

export interface DestinationMonitorOptions {
  readonly sink: Sink;
  readonly clock: Clock;
  readonly random: () => number;
  readonly wake: () => void;
}

interface CheckResult {
  /** The newest cursor when the look began: what it covers had been handed over by then. */
  readonly number: bigint;
  /** Absent: it could not be told. */
  readonly identity?: string | null;
  readonly error?: unknown;
}

/** The sink has gone back to an earlier cursor: whoever reads begins anew. */
export class RewoundError extends Error {
  override readonly name = 'RewoundError';
}

export const destinationMissing = (sink: Sink): PikaiaError =>
  new PikaiaError(
    'PIKAIA_SINK_DESTINATION_MISSING',
    `Sink ${sink.name}: there is no ${sink.check!.what}. Create it, or correct its name; until then nothing is sent.`,
  );

/**
 * Looks again and again whether a sink's destination is there. What was sent since the last good look is sent again when
 * it was not there, or is not the same any more: it may have been accepted by nobody.
 */
export class DestinationMonitor implements LeaderTask {
  private state: 'unknown' | 'there' | 'missing';
  private isChecking = false;
  private result: CheckResult | undefined;
  private nextCheckAt = -Infinity;
  private failures = 0;

  private constructor(
    private readonly client: ClientBase,
    private readonly options: DestinationMonitorOptions,
    private readonly store: CursorStore,
    private readonly breaker: CircuitBreaker,
    private lastGood: { number: bigint; identity: string | null } | null,
  ) {
    this.state = options.sink.check ? 'unknown' : 'there';
  }

  static async begin(
    client: ClientBase,
    options: DestinationMonitorOptions,
    store: CursorStore,
    health: CircuitBreaker,
  ): Promise<DestinationMonitor> {
    const { rows } = await client.query<{ number: string | null; identity: string | null }>(LAST_SEEN, [options.sink.name]);
    const { number, identity } = rows[0]!;
    const last = number === null ? null : { number: BigInt(number), identity };
    return new DestinationMonitor(client, options, store, health, last);
  }

  /** Whether anything may be sent: not before the first good look, and not while nobody is there to take it. */
  get allowsSending(): boolean {
    return this.state === 'there';
  }

  get isMissing(): boolean {
    return this.state === 'missing';
  }

  /** Milliseconds. */
  get dueInMs(): number {
    if (!this.options.sink.check || this.isChecking) return Infinity;
    return this.result ? 0 : Math.max(0, this.nextCheckAt - this.options.clock.monotonic());
  }

  /**
   * Takes up what was seen, and looks when it is time; waits for no answer.
   *
   * @throws RewoundError when the sink has to begin again.
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
    const { sink, wake } = this.options;
    const { number } = this.store;
    this.isChecking = true;
    const take = (seen: CheckResult): void => {
      this.isChecking = false;
      this.result = seen;
      wake();
    };
    sink.check!.look().then(
      (identity) => take({ number, identity }),
      (error: unknown) => take({ number, error }),
    );
  }

  private async handleResult({ number, identity, error }: CheckResult): Promise<void> {
    const { sink, clock, random } = this.options;
    const every = sink.check!.everyMs;
    if (identity === undefined) {
      this.nextCheckAt = clock.monotonic() + Math.min(every, retryDelay(++this.failures, random));
      if (this.state === 'unknown') this.breaker.markFailing(error);
      else if (this.failures === 1) logger.warning('sink_check_failed', { sink: sink.name, reason: textOf(error) });
      return;
    }
    this.failures = 0;
    this.nextCheckAt = clock.monotonic() + every;
    if (identity === null) await this.markMissing();
    else if (this.lastGood && this.lastGood.identity !== identity) await this.rewind(this.lastGood.number, identity);
    else await this.markThere(number, identity);
  }

  private async markThere(number: bigint, identity: string): Promise<void> {
    if (this.state !== 'there') this.breaker.markRecovered();
    this.state = 'there';
    await this.storeLastGood(number, identity);
  }

  private async markMissing(): Promise<void> {
    const { sink } = this.options;
    const error = destinationMissing(sink);
    if (this.state !== 'missing') logger.exception('sink_destination_missing', error, { sink: sink.name });
    this.state = 'missing';
    this.breaker.markFailing(error);
    if (this.lastGood && this.lastGood.identity !== null) await this.storeLastGood(this.lastGood.number, null); // so that a successor knows
  }

  private async storeLastGood(number: bigint, identity: string | null): Promise<void> {
    if (this.lastGood?.number === number && this.lastGood.identity === identity) return;
    this.lastGood = { number, identity };
    await this.client.query(NOTE_SEEN, [this.options.sink.name, String(number), identity]);
  }

  private async rewind(number: bigint, identity: string): Promise<never> {
    const { sink } = this.options;
    const { position, deliveries } = await this.store.rewind(number, identity);
    logger.warning('sink_rewound', { sink: sink.name, position, deliveries });
    throw new RewoundError(`${sink.check!.what} was not there, or is another one now: again from position ${position}.`);
  }
}
