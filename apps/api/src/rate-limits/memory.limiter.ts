import type { Clock } from '@pikaia/core';
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Quota } from './quota.js';

const MAX_KEYS = 50_000; // some megabytes

/**
 * Counts in the memory of this process. Beyond `maxKeys`, the key that was used least recently is forgotten. The storage of the
 * library, which this class replaces, has neither a bound nor an injectable clock.
 */
export class MemoryLimiter extends RateLimiterMemory {
  protected readonly _memoryStorage: WindowStorage;

  constructor({ requests, windowSeconds }: Quota, clock: Clock, maxKeys = MAX_KEYS) {
    super({ keyPrefix: '', points: requests, duration: windowSeconds });
    this._memoryStorage = new WindowStorage(clock, maxKeys);
  }
}

interface Window {
  consumed: number;
  readonly endsAtMs: number;
}

class WindowStorage {
  private readonly windows: LRUCache<string, Window>;

  constructor(
    private readonly clock: Clock,
    maxKeys: number,
  ) {
    this.windows = new LRUCache({ max: maxKeys });
  }

  /** Called by the library: adds the points to the current window of the key, or begins a new one. */
  incrby(key: string, points: number, durationSeconds: number): RateLimiterRes {
    const nowMs = this.clock.monotonic();
    const known = this.windows.get(key);
    if (known && known.endsAtMs > nowMs) {
      known.consumed += points;
      return new RateLimiterRes(0, known.endsAtMs - nowMs, known.consumed, false);
    }
    const durationMs = durationSeconds * 1_000;
    this.windows.set(key, { consumed: points, endsAtMs: nowMs + durationMs });
    return new RateLimiterRes(0, durationMs, points, true);
  }
}
