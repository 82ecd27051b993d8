import type { EventMetadata } from '../contract/event-metadata.js';
import type { SinkRegistration } from '../log/register-sinks.js';

/** One event of a batch. Read-only: the relay keeps using the same object. */
export interface SinkEvent extends EventMetadata {
  /** The text of the envelope as it was published. */
  readonly payload: string;
  /** 1 at the first attempt. A postponed event keeps its attempt number. */
  readonly attempt: number;
  /** Id of the replay that sends the event. Absent outside a replay. */
  readonly replayed?: string;
}

/** The result of one event of a batch. */
export type Outcome =
  /** The sink has the event. `skipped`: the handler declares that it does not run on a replay. */
  | { readonly kind: 'accepted'; readonly skipped?: boolean }
  /** The event or the handler is at fault. Uses an attempt. `permanent`: a retry is unlikely to help. */
  | { readonly kind: 'refused'; readonly error: unknown; readonly permanent?: boolean; readonly maxAttempts?: number }
  /** The sink was not reached, or refused the whole batch. Uses no attempt. The cursor waits. */
  | { readonly kind: 'transport'; readonly error: unknown }
  /** Retry this event later. Uses no attempt. Later events of its aggregate wait. */
  | { readonly kind: 'postponed'; readonly error: unknown; readonly retryAfterMs?: number };

/** Milliseconds between two tries of an event whose type or version only a newer worker handles. A new leader tries at once. */
export const NEWER_WORKER_RETRY_MS = 60_000;

export const accepted: Outcome = { kind: 'accepted' };

export interface SinkLimits {
  /** Maximum number of events in one call of `deliver`. */
  readonly maxBatchEvents: number;
  /** Maximum bytes in one call of `deliver`, by the size that the log computes when an event is published. */
  readonly maxBatchBytes: number;
  /** Maximum number of calls of `deliver` in flight. */
  readonly maxConcurrency: number;
}

/** Check for a destination that accepts events while it does not exist, as an event bus does. */
export interface SinkCheck {
  /** The destination in log and error messages, for example `event bus orders`. */
  readonly destination: string;
  /** Milliseconds between two checks. */
  readonly intervalMs: number;
  /**
   * Returns the identity of the destination, or null if it does not exist. The identity changes when the destination is
   * recreated. Rejects if the answer is unknown, within its own timeout.
   */
  identify(): Promise<string | null>;
}

/** Returns whether the sink's code handles an event type. A newer worker may have registered further types. */
export const handlesType = ({ types }: Pick<Sink, 'types'>, eventType: string): boolean => types?.includes(eventType) ?? true;

/** A destination of events. Each sink has its own cursor. */
export interface Sink extends SinkRegistration {
  readonly limits: SinkLimits;
  /** The name of the consumer to which the sink delivers in this process, for log lines. */
  readonly consumer?: string;
  /**
   * Runs when a worker starts and then at intervals in the leader. A worker does not start if the destination is missing.
   * Nothing is sent before the first successful check. If the destination was missing or recreated, the sink restarts from
   * the cursor of its last successful check.
   */
  readonly check?: SinkCheck;
  /** Returns one outcome for each event, by position, within its own timeout. A rejection means `transport` for every event. */
  deliver(batch: readonly SinkEvent[]): Promise<readonly Outcome[]>;
}
