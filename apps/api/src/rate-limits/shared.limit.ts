import type { Clock } from '@pikaia/core';
import { LRUCache } from 'lru-cache';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { consume, type Count, type Quota } from './quota.js';

const MAX_KEYS = 50_000;
const FREE_PERCENT = 1; // of the quota, which a process admits before it asks the shared limiter
const BLOCKS = 32; // a block is this part of what is left of the quota

/** The part of a window that this process may admit without asking again. */
interface LocalWindow {
  /** The requests that this process may still admit. */
  left: number;
  /** The requests that this process admits without having counted them in the shared limiter. */
  uncounted: number;
  /** The requests that were left for all processes after the last block was taken. */
  remaining: number;
  endsAtMs: number;
  exhausted: boolean;
  taking?: Promise<void>;
}

/**
 * A quota that several processes share, without a call of the shared limiter for each request. A process first admits one percent of
 * the quota, then takes blocks from the shared limiter and admits their requests from memory. A block is a thirty-second of what is
 * left, so the blocks become smaller towards the limit. A refusal holds until the window ends.
 *
 * All processes together admit at most the quota and, for each process, two percent of it: one for each of its own windows that overlaps
 * the shared one. Another process can leave at most a thirty-second of the quota unused. A quota below 64 is exact.
 */
export class SharedLimit {
  private readonly windows: LRUCache<string, LocalWindow>;
  private readonly free: number;

  constructor(
    private readonly limiter: RateLimiterAbstract,
    private readonly quota: Quota,
    private readonly clock: Clock,
    maxKeys = MAX_KEYS,
  ) {
    this.free = Math.floor((quota.requests * FREE_PERCENT) / 100);
    this.windows = new LRUCache({ max: maxKeys });
  }

  async count(key: string): Promise<Count> {
    for (;;) {
      const window = this.currentWindow(key);
      if (window.left > 0) {
        window.left--;
        return this.toCount(window, true);
      }
      if (window.exhausted) return this.toCount(window, false);
      await (window.taking ??= this.takeBlock(key, window).finally(() => (window.taking = undefined)));
    }
  }

  private currentWindow(key: string): LocalWindow {
    const nowMs = this.clock.monotonic();
    const known = this.windows.get(key);
    if (known && known.endsAtMs > nowMs) return known;
    const window = {
      left: this.free,
      uncounted: this.free,
      remaining: this.quota.requests - this.free,
      endsAtMs: nowMs + this.quota.windowSeconds * 1_000,
      exhausted: false,
    };
    this.windows.set(key, window);
    return window;
  }

  private async takeBlock(key: string, window: LocalWindow): Promise<void> {
    const block = Math.max(1, Math.floor(window.remaining / BLOCKS));
    const { consumed, resetMs } = await consume(this.limiter, key, window.uncounted + block);
    const excess = Math.max(0, consumed - this.quota.requests);
    window.uncounted = 0;
    window.left = Math.max(0, block - excess);
    window.exhausted = window.left === 0;
    window.remaining = Math.max(0, this.quota.requests - consumed);
    window.endsAtMs = this.clock.monotonic() + resetMs;
  }

  private toCount({ left, remaining, endsAtMs }: LocalWindow, allowed: boolean): Count {
    const available = left + remaining;
    return {
      allowed,
      remaining: available,
      consumed: this.quota.requests - available,
      resetMs: endsAtMs - this.clock.monotonic(),
    };
  }
}
