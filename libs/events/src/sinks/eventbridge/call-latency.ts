const MIN_TIMEOUT_MS = 1000; // a shorter timeout would repeat events of calls that are only slow
const TIMEOUT_FACTOR = 4;

/**
 * Estimates how long a call takes, from the calls that were answered, as TCP estimates its retransmission timeout.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6298
 */
export class CallLatency {
  private mean: number | undefined;
  private deviation = 0;
  /** Doubles with each round of timeouts, until a call is answered. A bus that has become slow therefore gets more time. */
  private backoff = 1;

  constructor(private readonly maxTimeoutMs: number) {}

  /** Milliseconds within which almost every call is answered. Infinity before the first answer. */
  get usualMs(): number {
    return this.mean === undefined ? Infinity : this.mean + 4 * this.deviation;
  }

  /** Timeout of the next call: four times the usual time, at least a second, at most the configured timeout. */
  get timeoutMs(): number {
    return Math.min(this.maxTimeoutMs, Math.max(MIN_TIMEOUT_MS, TIMEOUT_FACTOR * this.usualMs) * this.backoff);
  }

  recordAnswer(milliseconds: number): void {
    this.backoff = 1;
    if (this.mean === undefined) {
      this.mean = milliseconds;
      this.deviation = milliseconds / 2;
      return;
    }
    this.deviation += (Math.abs(milliseconds - this.mean) - this.deviation) / 4;
    this.mean += (milliseconds - this.mean) / 8;
  }

  /** Records that a call with this timeout was not answered. Calls that began before the last increase change nothing. */
  recordTimeout(timeoutMs: number): void {
    if (timeoutMs >= this.timeoutMs && timeoutMs < this.maxTimeoutMs) this.backoff *= 2;
  }
}
