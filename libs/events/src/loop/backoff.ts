const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 5 * 60_000;

/**
 * Full jitter: anywhere between nothing and a bound that doubles from a second to five minutes, so that what failed
 * together does not come back together. `failures` counts from 1. Milliseconds.
 */
export const retryDelay = (failures: number, random: () => number): number =>
  Math.round(random() * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1)));
