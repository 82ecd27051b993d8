import { AdaptiveConcurrency } from './adaptive-concurrency.js';

describe('AdaptiveConcurrency', () => {
  /** Runs as many calls as the limit allows. All have the same result. */
  function round(
    concurrency: AdaptiveConcurrency,
    result: 'succeeded' | 'throttled' | 'failed',
    calls = concurrency.current,
  ): void {
    const ends = Array.from({ length: calls }, () => concurrency.begin());
    for (const end of ends) end(result);
  }
  const roundsUntil = (concurrency: AdaptiveConcurrency, wanted: number): number => {
    let rounds = 0;
    for (; concurrency.current < wanted && rounds < 1000; rounds++) round(concurrency, 'succeeded');
    return rounds;
  };

  it('allows about one more call for each full round, up to the maximum', () => {
    const concurrency = new AdaptiveConcurrency(16, () => 0.5);
    expect(concurrency.current).toBe(4);
    expect(roundsUntil(concurrency, 16)).toBeGreaterThan(12); // only the last call of a round finds the limit used up
    round(concurrency, 'succeeded');
    expect(concurrency.current).toBe(16);
  });

  it('does not grow while the limit is not used up', () => {
    const concurrency = new AdaptiveConcurrency(16, () => 0.5);
    for (let i = 0; i < 100; i++) round(concurrency, 'succeeded', 2);
    expect(concurrency.current).toBe(4);
  });

  it('halves the limit when calls are throttled, once for all calls of a round', () => {
    const concurrency = new AdaptiveConcurrency(16, () => 1 / 3); // halves the limit
    roundsUntil(concurrency, 16);
    round(concurrency, 'throttled');
    expect(concurrency.current).toBe(8);
    round(concurrency, 'throttled');
    expect(concurrency.current).toBe(4);
  });

  it('does not grow for a call that began before the limit was reduced', () => {
    const concurrency = new AdaptiveConcurrency(16, () => 0.5);
    roundsUntil(concurrency, 10);
    const old = Array.from({ length: 10 }, () => concurrency.begin());
    old[0]!('throttled');
    const slowed = concurrency.current;
    for (const end of old.slice(1)) end('succeeded');
    expect(concurrency.current).toBe(slowed);
  });

  it('never allows fewer than one call, and grows again from there', () => {
    const concurrency = new AdaptiveConcurrency(16, () => 0);
    for (let i = 0; i < 20; i++) round(concurrency, 'throttled');
    expect(concurrency.current).toBe(1);
    expect(roundsUntil(concurrency, 16)).toBeLessThan(1000);
  });

  it('workers that are throttled together get different limits', () => {
    const after = (random: number): number => {
      const concurrency = new AdaptiveConcurrency(20, () => random);
      roundsUntil(concurrency, 20);
      round(concurrency, 'throttled');
      return concurrency.current;
    };
    expect([after(0), after(0.999)]).toEqual([8, 13]);
  });

  it('does not change for a call that failed for another reason', () => {
    const concurrency = new AdaptiveConcurrency(16, () => 0.5);
    for (let i = 0; i < 50; i++) round(concurrency, 'failed');
    expect(concurrency.current).toBe(4);
  });
});
