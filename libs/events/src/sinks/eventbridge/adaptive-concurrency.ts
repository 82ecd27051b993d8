const INITIAL_CONCURRENCY = 4;

/**
 * How many calls may be in flight: one more for each round of answers while all of them are used, and fewer at once when
 * the other side says that it is too much. Calls that were on their way when it said so do not count again.
 */
export class AdaptiveConcurrency {
  private limit: number;
  private generation = 0;
  private inFlight = 0;

  constructor(
    private readonly maxConcurrency: number,
    /** Between 0 and 1: several workers that are slowed down together do not come back together. */
    private readonly random: () => number,
  ) {
    this.limit = Math.min(INITIAL_CONCURRENCY, maxConcurrency);
  }

  /** Whole calls. */
  get current(): number {
    return Math.floor(this.limit);
  }

  /** A call begins. @returns what tells result it ended, to be called once. */
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
