/** A source of time. Inject it so that tests can control the time. */
export interface Clock {
  now(): Date;
  /** Milliseconds since an arbitrary fixed point. The value never decreases: use it to measure durations. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
};
