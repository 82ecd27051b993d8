const MIN_DELAY_MS = 200;
const MAX_DELAY_MS = 5_000;
const STABLE_AFTER_MS = 10_000; // a process that ran longer resets the delay

/** The delay before the restart of a process, which doubles each time that it dies soon after its start. */
export class BackOff {
  #failures = 0;

  /** @param ranForMs how long the process ran this time. */
  nextDelayMs(ranForMs: number): number {
    if (ranForMs > STABLE_AFTER_MS) this.#failures = 0;
    return Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** this.#failures++);
  }
}
