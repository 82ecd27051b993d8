const INITIAL_CONCURRENCY = 4;

/**
 * Limits the calls in flight. The limit grows by one for each full round of successful calls while it is used up. It drops at
 * once when a call is throttled. Calls that were in flight at that moment do not change it again.
 */
export class AdaptiveConcurrency {
  private limit: number;
  private generation = 0;
  private inFlight = 0;

  constructor(
    private readonly maxConcurrency: number,
    /** Source of jitter: returns a number between 0 and 1, so that throttled workers do not speed up together. */
    private readonly random: () => number,
  ) {
    this.limit = Math.min(INITIAL_CONCURRENCY, maxConcurrency);
  }

  /** The current limit, as a whole number of calls. */
  get current(): number {
    return Math.floor(this.limit);
  }

  /** Records that a call begins. @returns a function that records its result; call it once. */
  begin(): (result: 'succeeded' | 'throttled' | 'failed') => void {
    const { generation } = this;
    const isFull = ++this.inFlight >= this.current;
    return (result) => {
      this.inFlight--;
      if (generation !== this.generation) return;
      if (result === 'succeeded' && isFull) this.limit = Math.min(this.maxConcurrency, this.limit + 1 / this.limit);
      if (result === 'throttled') this.reduce();
    };
  }

  private reduce(): void {
    this.generation++;
    this.limit = Math.max(1, this.limit * (0.4 + 0.3 * this.random()));
  }
}
