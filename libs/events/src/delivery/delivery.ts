import { fingerprintOf, textOf } from './error-fingerprint.js';
import { retryDelay } from '../loop/backoff.js';
import type { EventFacts } from '../contract/event-facts.js';
import type { DeliveryRecord } from '../log/delivery.record.js';

export type Delivery = DeliveryRecord;

export interface Refusal {
  readonly error: unknown;
  readonly permanent?: boolean;
  readonly maxAttempts?: number;
}

export const MAX_ATTEMPTS = 10; // about a quarter of an hour on average, half an hour at most
const MAX_PERMANENT_ATTEMPTS = 2; // the second shows that it was no accident

type Undelivered = EventFacts & { readonly payload: string | null };

/** A refusal has burnt an attempt: again after a while, or never again by itself. */
export function markRefused(delivery: Delivery, refusal: Refusal, now: Date, random: () => number): Delivery {
  const most = refusal.maxAttempts ?? MAX_ATTEMPTS;
  const limit = refusal.permanent ? Math.min(most, MAX_PERMANENT_ATTEMPTS) : most;
  const attempts = delivery.attempts + 1;
  if (attempts >= limit) return markFailed(delivery, attempts, refusal.error);
  return markRetrying(delivery, attempts, refusal.error, later(now, retryDelay(attempts, random)));
}

/** Later, with the same number of attempts. */
export const markPostponed = (delivery: Delivery, error: unknown, now: Date, delayMs: number): Delivery =>
  markRetrying(delivery, delivery.attempts, error, later(now, delayMs));

export const markRetrying = (delivery: Delivery, attempts: number, error: unknown, nextAttemptAt: Date): Delivery => ({
  ...delivery,
  status: 'retrying',
  attempts,
  nextAttemptAt,
  lastError: textOf(error),
  fingerprint: fingerprintOf(error),
});

/** The dead letter: kept, shown, and its aggregate stays blocked until somebody decides. */
export const markFailed = (delivery: Delivery, attempts: number, error: unknown): Delivery => ({
  ...delivery,
  status: 'failed',
  attempts,
  nextAttemptAt: null,
  lastError: textOf(error),
  fingerprint: fingerprintOf(error),
});

/** Behind an earlier event of its aggregate that is not settled. */
export const markWaiting = (event: Undelivered): Delivery => ({ ...undelivered(event), status: 'waiting' });

/** A dead letter is tried again, with all its attempts before it, and still before what waits behind it. */
export const markRevived = (delivery: Delivery, now: Date): Delivery => ({
  ...delivery,
  status: 'retrying',
  attempts: 0,
  nextAttemptAt: now,
});

/** Somebody has decided that this sink shall not have it: what waits behind it may go. */
export const markSkipped = (delivery: Delivery): Delivery => ({ ...delivery, status: 'skipped', nextAttemptAt: null });

export const markPublished = (delivery: Delivery): Delivery => ({ ...delivery, status: 'published', nextAttemptAt: null });

/** The delivery of an event that comes straight from the log; the mark that follows gives its status. */
export const undelivered = (event: Undelivered): Delivery => ({
  position: event.position,
  eventId: event.eventId,
  eventType: event.eventType,
  schemaVersion: event.schemaVersion,
  aggregateType: event.aggregateType,
  aggregateId: event.aggregateId,
  organizationId: event.organizationId,
  correlationId: event.correlationId,
  occurredAt: event.occurredAt,
  payload: event.payload,
  status: 'retrying',
  attempts: 0,
  nextAttemptAt: null,
  lastError: null,
  fingerprint: null,
  stored: false,
});

const later = (now: Date, ms: number): Date => new Date(now.getTime() + ms);
