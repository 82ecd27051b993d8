import type { EventFacts } from '../contract/event-facts.js';

export type DeliveryStatus = 'retrying' | 'waiting' | 'failed' | 'skipped' | 'published';

/** A row of outbox_delivery: an event that a sink refused, or that waits behind such an event. */
export interface DeliveryRecord extends EventFacts {
  /** Null if the payload is too large to be read; it stays in the database. */
  readonly payload: string | null;
  readonly status: DeliveryStatus;
  /** Failed attempts; a postponed attempt does not count. */
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  readonly lastError: string | null;
  readonly fingerprint: string | null;
  /** False until the row exists. */
  readonly stored: boolean;
}

/** A row of outbox_attempt: one failed attempt. */
export interface Attempt {
  readonly eventId: string;
  readonly at: Date;
  readonly error: string;
  readonly fingerprint: string;
}

/** What is stored together with a cursor. */
export interface DeliveryChanges {
  readonly deliveries: readonly DeliveryRecord[];
  readonly attempts: readonly Attempt[];
  /** Events that the sink accepted since the last store. */
  readonly accepted?: number;
}
