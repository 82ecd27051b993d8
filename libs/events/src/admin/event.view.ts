import type { Shortened } from '@pikaia/core';
import type { Envelope } from '../contract/envelope.js';
import type { EventStatus } from './event-filter.js';

/** An event with its status across all sinks. Secrets are redacted, and personal data is masked for operators. */
export interface EventView {
  readonly event_id: string;
  /** The place in the log, a 64-bit integer as text. */
  readonly position: string;
  readonly event_type: string;
  readonly schema_version: number;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly organization_id: string | null;
  readonly correlation_id: string | null;
  /** The event whose handler published this one. Null if no event caused it. */
  readonly causation_id: string | null;
  /** The time at which the application published the event, by the clock of its machine. */
  readonly occurred_at: Date;
  /** The time of the insert by the clock of the database. Null once the row of the log is gone. */
  readonly recorded_at: Date | null;
  readonly status: EventStatus;
  /** The failed attempts at the sink that decides the status: the first of `deciding_deliveries`. 0 if there is none. */
  readonly attempts: number;
  /** The last error of the same sink. */
  readonly last_error: string | null;
  /** The stored deliveries that have the status of the event, the last changed one first. Empty if it is pending. */
  readonly deciding_deliveries: readonly DecidingDeliveryView[];
  /** The time at which the last sink received the event. Null unless every sink received it. */
  readonly published_at: Date | null;
  /** Null if `shortened` is set. */
  readonly payload: Envelope | null;
  /** Set if the payload is too large for a list. `EventLog.get` returns payloads of up to 1 MiB. */
  readonly shortened: Shortened | null;
}

/** An event with everything that is stored about its deliveries. */
export interface EventDetails extends EventView {
  /** The event `causation_id`. Null if there is none, if the log no longer has it, or outside the scope of the reader. */
  readonly cause: RelatedEventView | null;
  /** The events that handlers of this event published, oldest first, at most 200, while the log has them. */
  readonly caused: readonly RelatedEventView[];
  readonly deliveries: readonly DeliveryView[];
  readonly failed_attempts: readonly AttemptView[];
  readonly receipts: readonly ReceiptView[];
  /** The lists that are not complete. They have the oldest caused events, and the newest attempts and receipts. */
  readonly truncated: readonly ('caused' | 'failed_attempts' | 'receipts')[];
}

/** An event that caused another one, or was caused by it. */
export type RelatedEventView = Pick<
  EventView,
  'event_id' | 'event_type' | 'aggregate_type' | 'aggregate_id' | 'occurred_at' | 'status'
>;

/** A delivery that has the status of its event. */
export type DecidingDeliveryView = Pick<DeliveryView, 'sink' | 'attempts' | 'last_error'>;

/** The delivery of an event to one sink. */
export interface DeliveryView {
  readonly sink: string;
  /** `not_wanted`: the sink had not registered the type of the event. */
  readonly status: EventStatus;
  readonly attempts: number;
  readonly next_attempt_at: Date | null;
  readonly last_error: string | null;
  /** Null unless a delivery is stored: for a sink that refused the event, at which it waited, or that handled it in a replay. */
  readonly updated_at: Date | null;
  readonly published_at: Date | null;
  /** The first unsettled event of the same aggregate at this sink. Null unless the status is `waiting`. */
  readonly waits_behind: string | null;
}

/** A failed attempt to deliver an event. */
export interface AttemptView {
  readonly event_id: string;
  readonly sink: string;
  readonly attempted_at: Date;
  readonly error: string;
}

/** The receipt of a consumer for an event. */
export interface ReceiptView {
  readonly event_id: string;
  readonly consumer: string;
  readonly state: 'claimed' | 'done';
  readonly claimed_until: Date | null;
  readonly done_at: Date | null;
  /** The value that the handler returned. Null if `shortened` is set. */
  readonly result: unknown;
  /** Set if the result is too large for a list. `EventLog.get` returns results of up to 1 MiB. */
  readonly shortened: Shortened | null;
}

/** The newest items about some events, in the order of time. */
export interface NewestItems<Item> {
  readonly data: readonly Item[];
  /** True if there are older items. */
  readonly truncated: boolean;
}
