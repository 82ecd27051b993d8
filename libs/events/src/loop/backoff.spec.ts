import { retryDelay } from './backoff.js';

const BOUND_MS = 5 * 60_000;

describe('retryDelay', () => {
  const outside = (delayOf: (failures: number) => number): number[] =>
    [1, 10, 31, 32, 63, 64, 1100].filter((failures) => {
      const delay = delayOf(failures);
      return !(Number.isInteger(delay) && delay >= 0 && delay <= BOUND_MS);
    });

  it.each([0, 0.5, 1])('returns a delay within its bounds after any number of failures, for the random number %d', (random) => {
    expect(outside((failures) => retryDelay(failures, () => random))).toEqual([]);
  });

  it('doubles the maximum delay from one second to five minutes', () => {
    expect([1, 2, 3, 9, 10, 1100].map((failures) => retryDelay(failures, () => 1))).toEqual([
      1000,
      2000,
      4000,
      256_000,
      BOUND_MS,
      BOUND_MS,
    ]);
  });

  it('a delay that is computed with 32 bits leaves the bounds (planted)', () => {
    expect(outside((failures) => Math.min(BOUND_MS, 1000 * (1 << (failures - 1))))).toEqual([32, 64]);
  });
});
