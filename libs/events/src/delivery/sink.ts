import type { EventFacts } from '../contract/event-facts.js';
import type { SinkRegistration } from '../log/register-sinks.js';

/** One entry of a call to a sink. Not a copy: the relay goes on with it, so a sink reads it and changes nothing. */
export interface SinkEvent extends EventFacts {
  /** The envelope's text, as it was written. */
  readonly payload: string;
  /** 1 at the first attempt; what was postponed is the same attempt again. */
  readonly attempt: number;
  /** The replay that sends it again; absent at the first delivery. */
  readonly replayed?: string;
}

/** What became of one entry. */
export type Outcome =
  /** `skipped`: a replay that the handler declares not to run. */
  | { readonly kind: 'accepted'; readonly skipped?: boolean }
  /** It is the event's fault, or the handler's: burns an attempt. `permanent`: trying again can hardly help. */
  | { readonly kind: 'refused'; readonly error: unknown; readonly permanent?: boolean; readonly maxAttempts?: number }
  /** Nobody's attempt: the sink was not reached, or refused the call as a whole. The cursor waits. */
  | { readonly kind: 'transport'; readonly error: unknown }
  /** This entry later, without burning an attempt; what follows in its aggregate waits. */
  | { readonly kind: 'postponed'; readonly error: unknown; readonly retryAfterMs?: number };

export const accepted: Outcome = { kind: 'accepted' };

export interface SinkLimits {
  /** Entries of one call. */
  readonly entries: number;
  /** Bytes of one call, as the log counts them when the event is published. */
  readonly bytes: number;
  /** Calls in flight. */
  readonly concurrency: number;
}

/** For a destination that seems to accept what it does not keep when it is not there, as an event bus does. */
export interface SinkCheck {
  /** The destination, for people: `event bus orders`. */
  readonly what: string;
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  /**
   * What identifies the destination that is there now, another text where it was made anew; null: there is none. Rejects,
   * within a time limit of its own, when that cannot be told.
   */
  look(): Promise<string | null>;
}

/** A destination with a cursor of its own. */
export interface Sink extends SinkRegistration {
  /** The event types that it wants; null: all. What it does not want counts as handed over. */
  readonly types: readonly string[] | null;
  readonly limits: SinkLimits;
  /**
   * Asked when a worker starts, which it does not while the answer is null, and from then on by the leader. Nothing is
   * sent before the first good answer; where the destination was missing or is another one, the sink begins again at the
   * cursor of its last good answer.
   */
  readonly check?: SinkCheck;
  /** One outcome for each entry, by position, within a time limit of its own. A rejection counts as `transport` for all of them. */
  deliver(batch: readonly SinkEvent[]): Promise<readonly Outcome[]>;
}
