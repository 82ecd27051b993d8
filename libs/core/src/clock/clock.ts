/** The time, injected so that tests decide it. */
export interface Clock {
  now(): Date;
  /** Milliseconds since some fixed point, never going back: for durations. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
};
