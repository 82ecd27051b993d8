import fc from 'fast-check';
import {
  DISABLE_AFTER_MS,
  endpointPauseMs,
  FAILURES_UNTIL_PAUSE,
  MAX_ATTEMPTS,
  parseRetryAfter,
  retryDelayMs,
} from './retry.schedule.js';

const HOUR_MS = 3_600_000;
const NOW = new Date('2026-01-26T08:30:00Z');

describe('retryDelayMs', () => {
  const total = (random: number): number =>
    Array.from({ length: MAX_ATTEMPTS - 1 }, (_, index) => retryDelayMs(index + 1, random)!).reduce((sum, delay) => sum + delay);

  it('spreads 8 attempts over about 28 hours', () => {
    expect(MAX_ATTEMPTS).toBe(8);
    expect(total(0.5) / HOUR_MS).toBeCloseTo(27.58, 2);
    expect(total(0) / HOUR_MS).toBeGreaterThan(24);
    expect(total(1) / HOUR_MS).toBeLessThan(31);
  });

  it('waits longer after each attempt, for any random numbers, and ends after the last one', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 6, maxLength: 6 }), (randoms) => {
        const delays = randoms.map((random, index) => retryDelayMs(index + 1, random)!);
        expect(delays).toEqual(delays.toSorted((a, b) => a - b));
      }),
    );
    expect(retryDelayMs(MAX_ATTEMPTS, 0.5)).toBeNull();
    expect(retryDelayMs(MAX_ATTEMPTS, 0.5, HOUR_MS)).toBeNull();
  });

  it('waits at least as long as the receiver asks for', () => {
    expect(retryDelayMs(1, 0.5, 60_000)).toBe(60_000);
    expect(retryDelayMs(4, 0.5, 60_000)).toBe(2 * HOUR_MS);
  });
});

describe('endpointPauseMs', () => {
  it('pauses an endpoint only after several failures in a row', () => {
    expect([1, 2, 3, 4].map((failures) => endpointPauseMs(failures, 1))).toEqual([0, 0, 0, 0]);
    expect([5, 6, 7, 12, 13, 1_000, 100_000].map((failures) => endpointPauseMs(failures, 0.5))).toEqual([
      5_000, 10_000, 20_000, 640_000, 900_000, 900_000, 900_000,
    ]);
    expect(FAILURES_UNTIL_PAUSE).toBe(5);
  });

  it('limits the calls to an endpoint that is down until it is disabled', () => {
    let [calls, passedMs] = [0, 0];
    while (passedMs < DISABLE_AFTER_MS) passedMs += endpointPauseMs(++calls, 0);
    expect(calls).toBeLessThan(600);
  });
});

describe('parseRetryAfter', () => {
  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Mon, 26 Jan 2026 08:31:00 GMT', 60_000],
    ['Mon, 26 Jan 2026 08:29:00 GMT', 0],
    ['9999999999', HOUR_MS],
    ['Mon, 26 Jan 2099 08:29:00 GMT', HOUR_MS],
    ['-5', 0],
    ['1e3', 0],
    ['soon', 0],
    ['', 0],
    [undefined, 0],
  ])('reads %j', (header, expected) => {
    expect(parseRetryAfter(header, NOW)).toBe(expected);
  });
});
