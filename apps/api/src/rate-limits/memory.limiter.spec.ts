import fc from 'fast-check';
import { MemoryLimiter } from './memory.limiter.js';
import { consume } from './quota.js';

const WINDOW_S = 10;
const REQUESTS = 5;
const QUOTA = { requests: REQUESTS, windowSeconds: WINDOW_S };

/** The window as documented: it begins with the first request after the previous one, and counts refused requests too. */
class ModelWindow {
  private endsAtMs = 0;
  private consumed = 0;

  count(nowMs: number, points: number) {
    if (this.consumed === 0 || nowMs >= this.endsAtMs) {
      this.consumed = 0;
      this.endsAtMs = nowMs + WINDOW_S * 1_000;
    }
    this.consumed += points;
    return {
      allowed: this.consumed <= REQUESTS,
      remaining: Math.max(0, REQUESTS - this.consumed),
      resetMs: this.endsAtMs - nowMs,
    };
  }
}

describe('MemoryLimiter', () => {
  const request = fc.record({
    key: fc.constantFrom('a', 'b', ''),
    points: fc.integer({ min: 1, max: 3 }),
    pauseMs: fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.constantFrom(WINDOW_S * 1_000 - 1, WINDOW_S * 1_000)),
  });

  it('admits, refuses and reports the end of the window as the model of each key does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 40 }), async (requests) => {
        let nowMs = 1_000;
        const limiter = new MemoryLimiter(QUOTA, { now: () => new Date(nowMs), monotonic: () => nowMs });
        const models = new Map<string, ModelWindow>();
        for (const { key, points, pauseMs } of requests) {
          nowMs += pauseMs;
          const model = models.get(key) ?? new ModelWindow();
          models.set(key, model);
          expect(await consume(limiter, key, points)).toMatchObject(model.count(nowMs, points));
        }
      }),
      { seed: 34 },
    );
  });

  it('forgets the key that was used least recently beyond its maximum number of keys', async () => {
    const limiter = new MemoryLimiter(QUOTA, { now: () => new Date(0), monotonic: () => 0 }, 2);
    for (const key of ['a', 'b', 'a', 'c']) await consume(limiter, key, REQUESTS);
    expect(await consume(limiter, 'a')).toMatchObject({ allowed: false });
    expect(await consume(limiter, 'b')).toMatchObject({ allowed: true });
  });

  it('counts all of many concurrent requests', async () => {
    const limiter = new MemoryLimiter(QUOTA, { now: () => new Date(0), monotonic: () => 0 });
    const counts = await Promise.all(Array.from({ length: 50 }, () => consume(limiter, 'a')));
    expect(counts.filter(({ allowed }) => allowed)).toHaveLength(REQUESTS);
  });
});
