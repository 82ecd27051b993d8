import type { Clock } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';

const logger = getLogger('outbox');

/** Milliseconds after which a term counts as stable, even if it later ends with an error. */
export const STABLE_AFTER_MS = 30_000;
const FAILING_AFTER_SHORT_TERMS = 3; // a database restart ends one term; a failover ends one on each of the two servers

export interface LeaderFailure {
  /** Time at which the first of the consecutive short terms ended, by the clock of this process. */
  readonly since: Date;
  /** Milliseconds since then. */
  readonly forMs: number;
  /** Number of consecutive terms that ended with an error before they were stable. */
  readonly terms: number;
  /** The error that ended the last term. */
  readonly error: string;
}

/** Detects a leader that starts and fails in a loop. One instance for the lifetime of the relay. */
export class TermHistory {
  private shortTerms = 0;
  private since: Date | undefined;
  private sinceMonotonic = 0;
  private error = '';
  /** Start of the current term or, between two terms, end of the last one. Monotonic milliseconds. */
  private changedAt = -Infinity;

  constructor(
    private readonly sink: string,
    private readonly clock: Clock,
  ) {}

  /** Records that a term begins. */
  recordStart(): void {
    this.forgetWhenStable();
    this.changedAt = this.clock.monotonic();
  }

  /** Records that the term ended with an error. */
  recordFailure(error: string): void {
    const wasShort = !this.isStable;
    this.forgetWhenStable();
    this.changedAt = this.clock.monotonic();
    if (!wasShort) return;
    if (!this.since) [this.since, this.sinceMonotonic] = [this.clock.now(), this.changedAt];
    this.error = error;
    if (++this.shortTerms === FAILING_AFTER_SHORT_TERMS)
      logger.error('leader_failing', { sink: this.sink, terms: this.shortTerms, failing_since: this.since, reason: error });
  }

  /** True once the current term, or the time without one, has lasted 30 s. Without a term, another worker may lead. */
  get isStable(): boolean {
    return this.clock.monotonic() - this.changedAt >= STABLE_AFTER_MS;
  }

  /** Set after three short terms in a row. A stable term clears it. */
  get failure(): LeaderFailure | null {
    this.forgetWhenStable();
    if (!this.since || this.shortTerms < FAILING_AFTER_SHORT_TERMS) return null;
    const forMs = Math.round(this.clock.monotonic() - this.sinceMonotonic);
    return { since: this.since, forMs, terms: this.shortTerms, error: this.error };
  }

  private forgetWhenStable(): void {
    if (!this.isStable) return;
    this.shortTerms = 0;
    this.since = undefined;
  }
}
