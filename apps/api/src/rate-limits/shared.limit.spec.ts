import fc from 'fast-check';
import { MemoryLimiter } from './memory.limiter.js';
import { SharedLimit } from './shared.limit.js';

const WINDOW_S = 60;

/** Counts its calls. It stands for the database, which several processes share. */
class CountedLimiter extends MemoryLimiter {
  calls = 0;

  override consume(...values: Parameters<MemoryLimiter['consume']>) {
    this.calls++;
    return super.consume(...values);
  }
}

/** Processes that share one limiter, at a time that the test sets. */
function createProcesses(requests: number, count: number) {
  const time = { ms: 0 };
  const clock = { now: () => new Date(time.ms), monotonic: () => time.ms };
  const quota = { requests, windowSeconds: WINDOW_S };
  const limiter = new CountedLimiter(quota, clock);
  return { time, limiter, processes: Array.from({ length: count }, () => new SharedLimit(limiter, quota, clock)) };
}

/** Sends requests to a process until it refuses one. @returns the number of admitted requests. */
async function exhaust(limit: SharedLimit, key = 'a'): Promise<number> {
  let admitted = 0;
  while ((await limit.count(key)).allowed) admitted++;
  return admitted;
}

describe('SharedLimit', () => {
  it('admits exactly a quota below 64, however the requests are spread over processes and time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 63 }),
        fc.array(fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 8 }), { maxLength: 30 }),
        async (requests, batches) => {
          const { time, processes } = createProcesses(requests, 3);
          let sent = 0;
          let admitted = 0;
          for (const batch of batches) {
            time.ms += 100; // all batches are in the first window
            const counts = await Promise.all(batch.map((process) => processes[process]!.count('a')));
            sent += counts.length;
            admitted += counts.filter(({ allowed }) => allowed).length;
          }
          expect(admitted).toBe(Math.min(sent, requests));
        },
      ),
      { seed: 34 },
    );
  });

  it('admits the quota and at most two percent more for each process, and leaves at most a thirty-second unused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 100, max: 3_000 }),
        fc.array(fc.record({ process: fc.nat({ max: 1 }), requests: fc.integer({ min: 1, max: 400 }) }), { maxLength: 12 }),
        async (requests, turns) => {
          const { processes } = createProcesses(requests, 2);
          let admitted = 0;
          for (const turn of turns) {
            const counts = await Promise.all(Array.from({ length: turn.requests }, () => processes[turn.process]!.count('a')));
            admitted += counts.filter(({ allowed }) => allowed).length;
          }
          admitted += await exhaust(processes[0]!);
          expect(admitted).toBeLessThanOrEqual(requests * 1.04);
          expect(admitted).toBeGreaterThanOrEqual(Math.floor(requests * (1 - 1 / 32)) - 1);
        },
      ),
      { numRuns: 20, seed: 34 },
    );
  });

  it('asks the shared limiter for none of the first requests, and for fewer than two percent of a whole quota', async () => {
    const { processes, limiter } = createProcesses(12_000, 1);
    for (let sent = 0; sent < 120; sent++) await processes[0]!.count('a');
    expect(limiter.calls).toBe(0);
    expect(await exhaust(processes[0]!)).toBe(12_000 - 120);
    expect(limiter.calls).toBeLessThan(240);
  });

  it('asks the shared limiter once for concurrent requests, and not again until the window of a refusal ends', async () => {
    const { processes, limiter, time } = createProcesses(3_200, 1);
    for (let sent = 0; sent < 32; sent++) await processes[0]!.count('a');
    await Promise.all(Array.from({ length: 50 }, () => processes[0]!.count('a')));
    expect(limiter.calls).toBe(1);
    await exhaust(processes[0]!);
    const { calls } = limiter;
    time.ms = WINDOW_S * 1_000 - 1;
    expect(await processes[0]!.count('a')).toMatchObject({ allowed: false, remaining: 0 });
    expect(limiter.calls).toBe(calls);
    time.ms = WINDOW_S * 1_000;
    expect(await processes[0]!.count('a')).toMatchObject({ allowed: true });
  });

  it('counts each key by itself', async () => {
    const { processes } = createProcesses(3, 1);
    expect(await exhaust(processes[0]!, 'a')).toBe(3);
    expect(await exhaust(processes[0]!, 'b')).toBe(3);
  });
});
