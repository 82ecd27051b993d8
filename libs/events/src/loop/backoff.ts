const FIRST_DELAY_MS = 1000;
const MAX_DELAY_MS = 5 * 60_000;

/**
 * Exponential backoff with full jitter. Returns a random delay in milliseconds between 0 and a bound that doubles from one second
 * to five minutes. The jitter spreads retries that failed at the same time. `failures` counts from 1.
 */
export const retryDelay = (failures: number, random: () => number): number =>
  Math.round(random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1)));
