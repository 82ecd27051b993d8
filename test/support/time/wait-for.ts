import { setTimeout as pause } from 'node:timers/promises';

const POLL_INTERVAL_MS = 10;
const DEFAULT_TIMEOUT_MS = 45_000; // far more than a wait takes, so that a busy machine does not fail a test

/** Calls `look` until `holds` accepts its value, and returns that value. After the timeout it throws with the last value. */
export async function pollUntil<T>(
  look: () => T | Promise<T>,
  holds: (seen: T) => boolean = Boolean,
  timeoutMs = DEFAULT_TIMEOUT_MS,
  what = () => 'a condition',
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > deadline)
      throw new Error(`not within ${timeoutMs} ms: ${what()}; last seen: ${JSON.stringify(seen)}`);
    await pause(POLL_INTERVAL_MS);
  }
}

/** Calls `look` until its value is truthy, and returns that value. `what` and `explain` describe the wait in the error. */
export async function waitFor<T>(
  what: string,
  look: () => Promise<T> | T,
  withinMs = DEFAULT_TIMEOUT_MS,
  explain = () => '',
): Promise<Exclude<T, false | null | undefined>> {
  return (await pollUntil(look, Boolean, withinMs, () => `${what} ${explain()}`)) as Exclude<T, false | null | undefined>;
}
