import { setTimeout as pause } from 'node:timers/promises';

const POLL_INTERVAL_MS = 10;
const DEFAULT_TIMEOUT_MS = 45_000; // far beyond what it takes; a busy machine must not fail a test

/** Polls until what is seen holds, and answers it; nothing sleeps for an effect. Fails with what it last saw. */
export async function pollUntil<T>(
  look: () => T | Promise<T>,
  holds: (seen: T) => boolean = Boolean,
  timeoutMs = DEFAULT_TIMEOUT_MS,
  what = () => 'what was awaited',
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what()}; last seen: ${JSON.stringify(seen)}`);
    await pause(POLL_INTERVAL_MS);
  }
}

/** The same, with a name for what is awaited: until `look` finds something. `explain` adds to the failure. */
export async function waitFor<T>(
  what: string,
  look: () => Promise<T> | T,
  withinMs = DEFAULT_TIMEOUT_MS,
  explain = () => '',
): Promise<Exclude<T, false | null | undefined>> {
  return (await pollUntil(look, Boolean, withinMs, () => `${what} ${explain()}`)) as Exclude<T, false | null | undefined>;
}
