const FIRST_MS = 200;
const LONGEST_MS = 5_000;
const STABLE_AFTER_MS = 10_000; // what ran for that long is taken for sound again

/** How long to wait before starting again something that keeps dying. */
export class BackOff {
  #failures = 0;

  /** @param {number} ranForMs how long it ran this time. */
  next(ranForMs) {
    if (ranForMs > STABLE_AFTER_MS) this.#failures = 0;
    return Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#failures++);
  }
}
