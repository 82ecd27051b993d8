import { RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';

/** A number of requests that a key may send within a window. The window begins with the first request. */
export interface Quota {
  readonly requests: number;
  readonly windowSeconds: number;
}

/** The result of counting a request. */
export interface Count {
  readonly allowed: boolean;
  /** The requests that are left in the window. */
  readonly remaining: number;
  readonly consumed: number;
  /** The time until the window ends. */
  readonly resetMs: number;
}

/** Counts `points` requests of a key. The library rejects its promise with the same type if the quota is exceeded. */
export async function consume(limiter: RateLimiterAbstract, key: string, points = 1): Promise<Count> {
  try {
    return toCount(true, await limiter.consume(key, points));
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    return toCount(false, refusal);
  }
}

const toCount = (allowed: boolean, { remainingPoints, consumedPoints, msBeforeNext }: RateLimiterRes): Count => ({
  allowed,
  remaining: remainingPoints,
  consumed: consumedPoints,
  resetMs: msBeforeNext,
});
