const START = 4;

/**
 * How many calls may be in flight: one more for each round of answers while all of them are used, and fewer at once when
 * the other side says that it is too much. Calls that were on their way when it said so do not count again.
 */
export class AdaptiveConcurrency {
  private allowed: number;
  private generation = 0;
  private inFlight = 0;

  constructor(
    private readonly most: number,
    /** Between 0 and 1: several workers that are slowed down together do not come back together. */
    private readonly random: () => number,
  ) {
    this.allowed = Math.min(START, most);
  }

  /** Whole calls. */
  get current(): number {
    return Math.floor(this.allowed);
  }

  /** A call begins. @returns what tells how it ended, to be called once. */
  begin(): (how: 'well' | 'too much' | 'otherwise') => void {
    const { generation } = this;
    const isFull = ++this.inFlight >= this.current;
    return (how) => {
      this.inFlight--;
      if (generation !== this.generation) return;
      if (how === 'well' && isFull) this.allowed = Math.min(this.most, this.allowed + 1 / this.allowed);
      if (how === 'too much') this.slowDown();
    };
  }

  private slowDown(): void {
    this.generation++;
    this.allowed = Math.max(1, this.allowed * (0.4 + 0.3 * this.random()));
  }
}
