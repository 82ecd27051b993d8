import { PikaiaError, type Clock } from '@pikaia/core';

/** What a bounded pass may send. The sinks of a process share one. */
export class PassLimits {
  private readonly deadline: number;
  private sentEvents = 0;

  /** @throws PikaiaError `PIKAIA_ARGUMENTS_INVALID` unless both limits are positive. */
  constructor(
    private readonly clock: Clock,
    timeLimitMs: number,
    private readonly maxEvents: number,
    /** True: events that wait for a retry are due at the start of each term. */
    readonly retryNow: boolean,
  ) {
    for (const [name, limit] of Object.entries({ timeLimitMs, maxEvents }))
      if (typeof limit !== 'number' || !(limit > 0))
        throw new PikaiaError('PIKAIA_ARGUMENTS_INVALID', `runOnce: ${name} must be a positive number, not ${String(limit)}.`);
    this.deadline = clock.monotonic() + timeLimitMs;
  }

  /** Number of events that may still be handed over. 0 after the time limit. */
  get remainingEvents(): number {
    return this.remainingMs > 0 ? this.maxEvents - this.sentEvents : 0;
  }

  get remainingMs(): number {
    return Math.max(0, this.deadline - this.clock.monotonic());
  }

  get isReached(): boolean {
    return this.remainingEvents <= 0;
  }

  noteSent(events: number): void {
    this.sentEvents += events;
  }
}
