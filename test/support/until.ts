import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 20;

/** Waits until `look` finds something, and answers it; fails with `what` when it takes too long. */
export async function until<T>(
  what: string,
  look: () => Promise<T> | T,
  withinMs = 15_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found) return found as Exclude<T, false | null | undefined>;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(LOOK_EVERY_MS);
  }
}
