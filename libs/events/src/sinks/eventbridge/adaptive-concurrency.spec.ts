import { AdaptiveConcurrency } from './adaptive-concurrency.js';

describe('AdaptiveConcurrency', () => {
  /** As many calls as it allows, all of which end alike. */
  function round(window: AdaptiveConcurrency, how: 'well' | 'too much' | 'otherwise', calls = window.current): void {
    const ends = Array.from({ length: calls }, () => window.begin());
    for (const end of ends) end(how);
  }
  const roundsUntil = (window: AdaptiveConcurrency, wanted: number): number => {
    let rounds = 0;
    for (; window.current < wanted && rounds < 1000; rounds++) round(window, 'well');
    return rounds;
  };

  it('allows about one call more for each round that was full, up to the most', () => {
    const window = new AdaptiveConcurrency(16, () => 0.5);
    expect(window.current).toBe(4);
    expect(roundsUntil(window, 16)).toBeGreaterThan(12); // only the last call of a round finds it full: slower than one a round
    round(window, 'well');
    expect(window.current).toBe(16);
  });

  it('allows no more when what it allows is not used', () => {
    const window = new AdaptiveConcurrency(16, () => 0.5);
    for (let i = 0; i < 100; i++) round(window, 'well', 2);
    expect(window.current).toBe(4);
  });

  it('allows half at once when it was too much, and counts all calls of that time as one', () => {
    const window = new AdaptiveConcurrency(16, () => 1 / 3); // half
    roundsUntil(window, 16);
    round(window, 'too much');
    expect(window.current).toBe(8);
    round(window, 'too much');
    expect(window.current).toBe(4);
  });

  it('takes a call that began before it was slowed down for no sign that it may go faster', () => {
    const window = new AdaptiveConcurrency(16, () => 0.5);
    roundsUntil(window, 10);
    const old = Array.from({ length: 10 }, () => window.begin());
    old[0]!('too much');
    const slowed = window.current;
    for (const end of old.slice(1)) end('well');
    expect(window.current).toBe(slowed);
  });

  it('never allows less than one, and grows again from there', () => {
    const window = new AdaptiveConcurrency(16, () => 0);
    for (let i = 0; i < 20; i++) round(window, 'too much');
    expect(window.current).toBe(1);
    expect(roundsUntil(window, 16)).toBeLessThan(1000);
  });

  it('spreads workers that are slowed down together', () => {
    const after = (random: number): number => {
      const window = new AdaptiveConcurrency(20, () => random);
      roundsUntil(window, 20);
      round(window, 'too much');
      return window.current;
    };
    expect([after(0), after(0.999)]).toEqual([8, 13]);
  });

  it('neither grows nor shrinks for a call that failed for another reason', () => {
    const window = new AdaptiveConcurrency(16, () => 0.5);
    for (let i = 0; i < 50; i++) round(window, 'otherwise');
    expect(window.current).toBe(4);
  });
});
