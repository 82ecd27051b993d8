import { AdaptiveConcurrency, maxOverdueCalls, type CallResult } from './adaptive-concurrency.js';

describe('AdaptiveConcurrency', () => {
  let now = 0;
  const clock = { monotonic: () => now };
  const adaptive = (maxConcurrency: number, random = (): number => 0.5): AdaptiveConcurrency =>
    new AdaptiveConcurrency({ maxConcurrency, maxTimeoutMs: 10_000, random, clock });

  beforeEach(() => {
    now = 0;
  });

  /** Runs as many calls as the limit allows. All have the same result. */
  function round(concurrency: AdaptiveConcurrency, result: CallResult, calls = concurrency.current): void {
    const running = Array.from({ length: calls }, () => concurrency.begin());
    now += 10;
    for (const call of running) call.end(result);
  }
  const roundsUntil = (concurrency: AdaptiveConcurrency, wanted: number): number => {
    let rounds = 0;
    for (; concurrency.current < wanted && rounds < 1000; rounds++) round(concurrency, 'answered');
    return rounds;
  };

  it('allows about one more call for each full round, up to the maximum', () => {
    const concurrency = adaptive(16);
    expect(concurrency.current).toBe(4);
    expect(roundsUntil(concurrency, 16)).toBeGreaterThan(12); // only the last call of a round finds the limit used up
    round(concurrency, 'answered');
    expect(concurrency.current).toBe(16);
  });

  it('does not grow while the limit is not used up', () => {
    const concurrency = adaptive(16);
    for (let i = 0; i < 100; i++) round(concurrency, 'answered', 2);
    expect(concurrency.current).toBe(4);
  });

  it('halves the limit when calls are throttled, once for all calls of a round', () => {
    const concurrency = adaptive(16, () => 1 / 3); // halves the limit
    roundsUntil(concurrency, 16);
    round(concurrency, 'throttled');
    expect(concurrency.current).toBe(8);
    round(concurrency, 'throttled');
    expect(concurrency.current).toBe(4);
  });

  it('does not grow for a call that began before the limit was reduced', () => {
    const concurrency = adaptive(16);
    roundsUntil(concurrency, 10);
    const old = Array.from({ length: 10 }, () => concurrency.begin());
    old[0]!.end('throttled');
    const slowed = concurrency.current;
    for (const call of old.slice(1)) call.end('answered');
    expect(concurrency.current).toBe(slowed);
  });

  it('never allows fewer than one call, and grows again from there', () => {
    const concurrency = adaptive(16, () => 0);
    for (let i = 0; i < 20; i++) round(concurrency, 'throttled');
    expect(concurrency.current).toBe(1);
    expect(roundsUntil(concurrency, 16)).toBeLessThan(1000);
  });

  it('workers that are throttled together get different limits', () => {
    const after = (random: number): number => {
      const concurrency = adaptive(20, () => random);
      roundsUntil(concurrency, 20);
      round(concurrency, 'throttled');
      return concurrency.current;
    };
    expect([after(0), after(0.999)]).toEqual([8, 13]);
  });

  it.each(['failed', 'timed out'] as const)('does not change for a call that %s', (result) => {
    const concurrency = adaptive(16);
    for (let i = 0; i < 50; i++) round(concurrency, result);
    expect(concurrency.current).toBe(4);
  });

  describe('with calls that hang', () => {
    it('gives the place of an overdue call to another one, and takes it back when the call ends', () => {
      const concurrency = adaptive(16);
      for (let i = 0; i < 50; i++) round(concurrency, 'answered', 2); // each takes 10 ms
      const hung = [concurrency.begin(), concurrency.begin()];
      expect(concurrency.current).toBe(4);
      now += 50;
      expect(concurrency.current).toBe(6);
      for (const call of hung) call.end('timed out');
      expect(concurrency.current).toBe(4);
    });

    it('bounds the overdue calls, so that the number of sockets is bounded', () => {
      const concurrency = adaptive(4);
      for (let i = 0; i < 50; i++) round(concurrency, 'answered', 2);
      for (let i = 0; i < 100; i++) concurrency.begin();
      now += 1000;
      expect(concurrency.current).toBe(4 + maxOverdueCalls(4));
    });

    it('keeps all places before it knows how long a call takes', () => {
      const concurrency = adaptive(16);
      for (let i = 0; i < 4; i++) concurrency.begin();
      now += 9_000;
      expect(concurrency.current).toBe(4);
    });

    /** Makes calls for a simulated minute, as many at a time as the limit allows. Returns the calls that were answered. */
    function answeredInAMinute(hangs: (call: number) => boolean): number {
      const concurrency = adaptive(8);
      const ends: { at: number; end: () => void }[] = [];
      let [calls, answered, inFlight] = [0, 0, 0];
      now = 0;
      while (now < 60_000) {
        while (inFlight < concurrency.current) {
          const call = concurrency.begin();
          const isHung = hangs(++calls);
          inFlight++;
          const end = (): void => {
            inFlight--;
            if (!isHung) answered++;
            call.end(isHung ? 'timed out' : 'answered');
          };
          ends.push({ at: now + (isHung ? call.timeoutMs : 200 + 20 * (calls % 3)), end });
        }
        ends.sort((one, other) => one.at - other.at);
        const next = ends.shift()!;
        now = next.at;
        next.end();
      }
      return answered;
    }

    it('answers nearly two thirds of the usual calls if a third of them hang', () => {
      const usual = answeredInAMinute(() => false);
      expect(answeredInAMinute((call) => call % 3 === 0) / usual).toBeGreaterThan(0.55);
    });
  });
});
