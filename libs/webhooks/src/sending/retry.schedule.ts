const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The delays after a failed attempt: 8 attempts in about 28 hours, as Standard Webhooks and Svix recommend. */
const RETRY_DELAYS_MS = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  10 * HOUR_MS,
] as const;
export const MAX_ATTEMPTS = RETRY_DELAYS_MS.length + 1;

const MAX_RETRY_AFTER_MS = HOUR_MS;

/** An endpoint whose attempts fail this many times in a row is paused, and afterwards attempted with one delivery at a time. */
export const FAILURES_UNTIL_PAUSE = 5;
const MAX_PAUSE_MS = 15 * MINUTE_MS;

/** An endpoint is disabled by a failed attempt this long after the first failure since its last success, if so many have failed. */
export const DISABLE_AFTER_MS = 5 * DAY_MS;
export const DISABLE_AFTER_FAILURES = 5;

/** Milliseconds until the next attempt. `attempts` counts those that have failed. Null after the last one. `random` is from 0 to 1. */
export function retryDelayMs(attempts: number, random: number, retryAfterMs = 0): number | null {
  const delay = RETRY_DELAYS_MS[attempts - 1];
  return delay === undefined ? null : Math.max(retryAfterMs, Math.round(delay * (0.9 + 0.2 * random)));
}

/**
 * Milliseconds for which an endpoint gets no attempt. So an endpoint that is down costs few calls, however many deliveries wait for
 * it. `failures` counts the failed attempts since the last success. 0 if the endpoint is not paused.
 */
export function endpointPauseMs(failures: number, random: number, retryAfterMs = 0): number {
  const excess = failures - FAILURES_UNTIL_PAUSE;
  const pause = excess < 0 ? 0 : Math.min(5 * SECOND_MS * 2 ** excess, MAX_PAUSE_MS) * (0.9 + 0.2 * random);
  return Math.max(retryAfterMs, Math.round(pause));
}

/** Reads the header `Retry-After`, which is a number of seconds or a date. Returns at most an hour; 0 for anything else. */
export function parseRetryAfter(header: string | undefined, now: Date): number {
  if (header === undefined) return 0;
  const ms = /^\d{1,10}$/.test(header) ? Number(header) * SECOND_MS : Date.parse(header) - now.getTime();
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}
