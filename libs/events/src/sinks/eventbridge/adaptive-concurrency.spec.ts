import { AdaptiveConcurrency } from './adaptive-concurrency.js';

describe('AdaptiveConcurrency', () => {
  /** As many calls as it allows, all of which end alike. */
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

  it('allows about one call more for each round that was full, up to the most', () => {
    const concurrency = new AdaptiveConcurrency(16, () => 0.5);
    expect(concurrency.current).toBe(4);
    expect(roundsUntil(concurrency, 16)).toBeGreaterThan(12); // only the last call of a round finds it full: slower than one a round
    round(concurrency, 'succeeded');
    expect(concurrency.current).toBe(16);
  });

  it('allows no more when what it allows is not used', () => {
    const concurrency = new AdaptiveConcurrency(16, () => 0.5);
    for (let i = 0; i < 100; i++) round(concurrency, 'succeeded', 2);
    expect(concurrency.current).toBe(4);
  });

  it('allows half at once when it was too much, and counts all calls of that time as one', () => {
    const concurrency = new AdaptiveConcurrency(16, () => 1 / 3); // half
    roundsUntil(concurrency, 16);
    round(concurrency, 'throttled');
    expect(concurrency.current).toBe(8);
    round(concurrency, 'throttled');
    expect(concurrency.current).toBe(4);
  });

  it('takes a call that began before it was slowed down for no sign that it may go faster', () => {
    const concurrency = new AdaptiveConcurrency(16, () => 0.5);
    roundsUntil(concurrency, 10);
    const old = Array.from({ length: 10 }, () => concurrency.begin());
    old[0]!('throttled');
    const slowed = concurrency.current;
    for (const end of old.slice(1)) end('succeeded');
    expect(concurrency.current).toBe(slowed);
  });

  it('never allows less than one, and grows again from there', () => {
    const concurrency = new AdaptiveConcurrency(16, () => 0);
    for (let i = 0; i < 20; i++) round(concurrency, 'throttled');
    expect(concurrency.current).toBe(1);
    expect(roundsUntil(concurrency, 16)).toBeLessThan(1000);
  });

  it('spreads workers that are slowed down together', () => {
    const after = (random: number): number => {
      const concurrency = new AdaptiveConcurrency(20, () => random);
      roundsUntil(concurrency, 20);
      round(concurrency, 'throttled');
      return concurrency.current;
    };
    expect([after(0), after(0.999)]).toEqual([8, 13]);
  });

  it('neither grows nor shrinks for a call that failed for another reason', () => {
    const concurrency = new AdaptiveConcurrency(16, () => 0.5);
    for (let i = 0; i < 50; i++) round(concurrency, 'failed');
    expect(concurrency.current).toBe(4);
  });
});
