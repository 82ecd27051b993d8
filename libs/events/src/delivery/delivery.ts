import { fingerprintOf, textOf } from './error-fingerprint.js';
import { retryDelay } from '../loop/backoff.js';
import type { EventMetadata } from '../contract/event-metadata.js';
import type { DeliveryRecord } from '../log/delivery.record.js';

/** A delivery, and the time at which its event was inserted if it is known; see `OutboxRow`. */
export interface Delivery extends DeliveryRecord {
  readonly recordedMs?: number | null;
}

export interface Refusal {
  readonly error: unknown;
  readonly permanent?: boolean;
  readonly maxAttempts?: number;
}

export const MAX_ATTEMPTS = 10; // the nine delays between them add up to 4.3 minutes on average and 8.5 at most
const MAX_PERMANENT_ATTEMPTS = 2; // a second attempt confirms that the first error was not transient

type EventWithPayload = EventMetadata & { readonly payload: string | null; readonly recordedMs?: number | null };

/** Counts a refused attempt: the delivery is retried after a delay, or fails if no attempt is left. */
export function markRefused(delivery: Delivery, refusal: Refusal, now: Date, random: () => number): Delivery {
  const maxAttempts = refusal.maxAttempts ?? MAX_ATTEMPTS;
  const limit = refusal.permanent ? Math.min(maxAttempts, MAX_PERMANENT_ATTEMPTS) : maxAttempts;
  const attempts = delivery.attempts + 1;
  if (attempts >= limit) return markFailed(delivery, attempts, refusal.error);
  return markRetrying(delivery, attempts, refusal.error, addMs(now, retryDelay(attempts, random)));
}

/** Schedules a retry that uses no attempt. */
export const markPostponed = (delivery: Delivery, error: unknown, now: Date, delayMs: number): Delivery =>
  markRetrying(delivery, delivery.attempts, error, addMs(now, delayMs));

export const markRetrying = (delivery: Delivery, attempts: number, error: unknown, nextAttemptAt: Date): Delivery => ({
  ...delivery,
  status: 'retrying',
  attempts,
  nextAttemptAt,
  lastError: textOf(error, delivery),
  fingerprint: fingerprintOf(error, delivery),
});

/** Makes the delivery a dead letter. It is kept and shown, and blocks its aggregate until an operator skips or replays it. */
export const markFailed = (delivery: Delivery, attempts: number, error: unknown): Delivery => ({
  ...delivery,
  status: 'failed',
  attempts,
  nextAttemptAt: null,
  lastError: textOf(error, delivery),
  fingerprint: fingerprintOf(error, delivery),
});

/** Creates the delivery of an event that waits behind an unsettled event of its aggregate. */
export const markWaiting = (event: EventWithPayload): Delivery => ({ ...newDelivery(event), status: 'waiting' });

/** Retries a dead letter with all its attempts restored. Later events of its aggregate still wait for it. */
export const markRevived = (delivery: Delivery, now: Date): Delivery => ({
  ...delivery,
  status: 'retrying',
  attempts: 0,
  nextAttemptAt: now,
});

/** Skips the delivery on an operator's command and releases the events that wait behind it. */
export const markSkipped = (delivery: Delivery): Delivery => ({ ...delivery, status: 'skipped', nextAttemptAt: null });

export const markPublished = (delivery: Delivery): Delivery => ({ ...delivery, status: 'published', nextAttemptAt: null });

/**
 * Creates the delivery of an event that was read from the log. The next `mark…` function sets its status. Other properties of the
 * event stay on the object and are not stored.
 */
export const newDelivery = (event: EventWithPayload): Delivery => ({
  ...event,
  status: 'retrying',
  attempts: 0,
  nextAttemptAt: null,
  lastError: null,
  fingerprint: null,
  stored: false,
});

const addMs = (now: Date, ms: number): Date => new Date(now.getTime() + ms);
