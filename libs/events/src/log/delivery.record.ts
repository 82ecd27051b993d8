import type { EventMetadata } from '../contract/event-metadata.js';

export type DeliveryStatus = 'retrying' | 'waiting' | 'failed' | 'skipped' | 'published';

/** A row of `outbox_delivery`: an event that a sink refused or postponed, or that waits behind such an event. */
export interface DeliveryRecord extends EventMetadata {
  /** Null if the payload is too large to read. It stays in the database. */
  readonly payload: string | null;
  readonly status: DeliveryStatus;
  /** The number of failed attempts. A postponed attempt does not count. */
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  readonly lastError: string | null;
  readonly fingerprint: string | null;
  /** False until the row exists in the database. */
  readonly stored: boolean;
}

/** A row of `outbox_attempt`: one failed attempt. */
export interface Attempt {
  readonly eventId: string;
  readonly at: Date;
  readonly error: string;
  readonly fingerprint: string;
}

/** The changes that are stored together with a cursor. */
export interface DeliveryChanges {
  readonly deliveries: readonly DeliveryRecord[];
  readonly attempts: readonly Attempt[];
  /** The number of events that the sink accepted since the last store. Default 0. */
  readonly accepted?: number;
}
