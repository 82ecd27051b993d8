/**
 * A periodic task of the leader. `step()` may wait for the database but never for the sink. Declared here because classes of
 * `delivery` implement it, and `leader` imports `delivery`.
 */
export interface LeaderTask {
  /** Milliseconds until the task is due. 0 or less: now. Infinity: only an external event makes it due. */
  readonly dueInMs: number;
  /** Does the work that is due. Hot path: returns a promise only if there is something to wait for. */
  step(): void | Promise<void>;
}
