/** Something that a leader does again and again. It waits for the database, and never for the sink. */
export interface LeaderTask {
  /** Milliseconds until it is due by the clock: 0 or less, now; Infinity, only something that happens makes it due. */
  readonly dueIn: number;
  /** Does what is due, if anything is. A promise only where there is something to wait for: it is asked after each call. */
  step(): void | Promise<void>;
}
