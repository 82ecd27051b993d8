import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 10;
const PATIENCE_MS = 45_000; // far beyond what it takes; a busy machine must not fail a test

/** Polls until what is seen holds, and answers it; nothing sleeps for an effect. Fails with what it last saw. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  holds: (seen: T) => boolean = Boolean,
  withinMs = PATIENCE_MS,
  what = () => 'what was awaited',
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what()}; last seen: ${JSON.stringify(seen)}`);
    await pause(LOOK_EVERY_MS);
  }
}

/** The same, with a name for what is awaited: until `look` finds something. `explain` adds to the failure. */
export async function until<T>(
  what: string,
  look: () => Promise<T> | T,
  withinMs = PATIENCE_MS,
  explain = () => '',
): Promise<Exclude<T, false | null | undefined>> {
  return (await eventually(look, Boolean, withinMs, () => `${what} ${explain()}`)) as Exclude<T, false | null | undefined>;
}
