import type { Clock } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';

const logger = getLogger('outbox');

/** Milliseconds after which a term counts as stable, whatever ends it later. */
export const STABLE_AFTER_MS = 30_000;
const FAILING_AFTER_SHORT_TERMS = 3; // one restart of the database ends one term; a failover ends one at each of the two servers

export interface LeaderFailure {
  /** When the first of these terms ended. */
  readonly since: Date;
  /** Terms in a row that ended by an error before they were stable. */
  readonly terms: number;
  /** What ended the last one. */
  readonly error: string;
}

/** Recognizes a leader that starts and fails in a loop. Lives as long as the relay. */
export class TermHistory {
  private shortTerms = 0;
  private since: Date | undefined;
  private error = '';
  /** When the term began, or, between two terms, when the last one ended. Monotonic milliseconds. */
  private changedAt = -Infinity;

  constructor(
    private readonly sink: string,
    private readonly clock: Clock,
  ) {}

  /** A term begins. */
  recordStart(): void {
    this.forgetWhenStable();
    this.changedAt = this.clock.monotonic();
  }

  /** The term ended by an error. */
  recordFailure(error: string): void {
    const wasShort = !this.isStable;
    this.forgetWhenStable();
    this.changedAt = this.clock.monotonic();
    if (!wasShort) return;
    this.since ??= this.clock.now();
    this.error = error;
    if (++this.shortTerms === FAILING_AFTER_SHORT_TERMS)
      logger.error('leader_failing', { sink: this.sink, terms: this.shortTerms, failing_since: this.since, reason: error });
  }

  /** The term, or the time without one, has lasted: another worker may lead well meanwhile. */
  get isStable(): boolean {
    return this.clock.monotonic() - this.changedAt >= STABLE_AFTER_MS;
  }

  /** Null unless several terms in a row were short. A term that lasts ends it. */
  get failure(): LeaderFailure | null {
    this.forgetWhenStable();
    if (!this.since || this.shortTerms < FAILING_AFTER_SHORT_TERMS) return null;
    return { since: this.since, terms: this.shortTerms, error: this.error };
  }

  private forgetWhenStable(): void {
    if (!this.isStable) return;
    this.shortTerms = 0;
    this.since = undefined;
  }
}
