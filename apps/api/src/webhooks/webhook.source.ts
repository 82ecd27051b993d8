import type { SignedRequest } from './webhook.decorator.js';

/** A verified event of a provider. */
export interface WebhookEvent {
  /** The id of the event at the provider. All deliveries of one event have the same id. */
  readonly id: string;
  readonly type: string;
}

/** The outcomes of a delivery that the provider must not send again. All but the first two say why the event changed nothing. */
export const WEBHOOK_OUTCOMES = [
  'handled',
  'duplicate',
  'unknown_type',
  'unknown_customer',
  'unknown_organization',
  'unknown_member',
  'other_organization',
  'other_mode',
  'unreadable',
  'outdated',
  'unchanged',
  'conflict',
] as const;

export type WebhookOutcome = (typeof WEBHOOK_OUTCOMES)[number];

/**
 * `current` asks for the current state at the provider, or for a newer one. The transaction is rolled back, and `handle` is called
 * again with it.
 */
export type HandlerOutcome = Exclude<WebhookOutcome, 'duplicate'> | 'current';

/** The events of one provider: how a delivery is verified, and what an event changes. */
export interface WebhookSource<Event extends WebhookEvent, Current = never> {
  /** The name in the table of receipts, in metrics and as the id of the actor, such as `stripe`. It never changes. */
  readonly name: string;

  /** False if no secret is set. Then every delivery gets 404. */
  readonly isConfigured: boolean;

  /** @throws WebhookRefusedError if the signature does not prove that the provider sent these bytes now. */
  verify(request: SignedRequest): Event | Promise<Event>;

  /**
   * Applies an event. Runs in the transaction that stores the receipt of the event, so an event has its effect once. Must not call
   * the provider. Any error rolls everything back, and the provider delivers the event again.
   */
  handle(event: Event, current?: Current): Promise<HandlerOutcome>;

  /** Reads the current state from the provider, outside any transaction. */
  fetchCurrent?(event: Event): Promise<Current>;
}

export type RefusalReason = 'signature_missing' | 'signature_invalid' | 'timestamp_out_of_tolerance' | 'body_unreadable';

/** A delivery that is not from the provider, or was sent too long ago. */
export class WebhookRefusedError extends Error {
  override readonly name = 'WebhookRefusedError';

  constructor(
    readonly reason: RefusalReason,
    options?: ErrorOptions,
  ) {
    super(`The webhook was refused: ${reason}.`, options);
  }
}
