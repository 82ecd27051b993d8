import type { Clock } from '@pikaia/core';

/**
 * The clock of the database, as this process observes it. Times that the database or other machines also write are compared with
 * it, because the clock of this process can be wrong.
 *
 * Each answer of the server gives its time at a moment between the question and the answer. The clock keeps the observation with
 * the shortest round trip. An observation that contradicts it replaces it: one of the clocks was set, or they drift apart.
 */
export class DatabaseClock implements Clock {
  private best: { readonly databaseMs: number; readonly at: number; readonly roundTripMs: number } | undefined;

  constructor(private readonly process: Clock) {}

  /**
   * Records a time of the server.
   *
   * @param databaseMs the time that a statement returned, in epoch milliseconds.
   * @param sentAt the time at which the statement was sent, in monotonic milliseconds.
   */
  observe(databaseMs: number, sentAt: number): void {
    const roundTripMs = this.process.monotonic() - sentAt;
    const at = sentAt + roundTripMs / 2;
    const { best } = this;
    const differenceMs = best ? Math.abs(this.msAt(at) - databaseMs) : 0;
    if (best && roundTripMs > best.roundTripMs && differenceMs <= (roundTripMs + best.roundTripMs) / 2) return;
    this.best = { databaseMs, at, roundTripMs };
  }

  /** The clock of this process before the first observation. */
  now(): Date {
    return new Date(this.msAt(this.process.monotonic()));
  }

  monotonic(): number {
    return this.process.monotonic();
  }

  private msAt(monotonic: number): number {
    return this.best ? this.best.databaseMs + monotonic - this.best.at : this.process.now().getTime();
  }
}
