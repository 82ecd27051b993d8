import type { Clock } from '@pikaia/core';
import Stripe from 'stripe';
import type { SignedRequest } from '../webhooks/webhook.decorator.js';
import { WebhookRefusedError, type RefusalReason } from '../webhooks/webhook.source.js';

const TOLERANCE_S = 300; // how old a signature may be, so that a recorded delivery cannot be replayed later

const SIGNATURE_HEADER = 'stripe-signature';

/**
 * Verifies the signature over the bytes of the body with each secret, and returns the event. A header can have several signatures.
 *
 * @throws WebhookRefusedError if no secret matches, the signature is too old, or the body is not an event.
 */
export function verifyStripeEvent({ body, headers }: SignedRequest, secrets: readonly string[], clock: Clock): Stripe.Event {
  const header = headers[SIGNATURE_HEADER];
  if (typeof header !== 'string' || header === '') throw new WebhookRefusedError('signature_missing');
  let refused: RefusalReason = 'signature_invalid';
  for (const secret of secrets) {
    try {
      const event = Stripe.webhooks.constructEvent(body, header, secret, TOLERANCE_S, undefined, clock.now().getTime());
      if (!isEvent(event)) throw new WebhookRefusedError('body_unreadable');
      return event;
    } catch (error) {
      if (error instanceof WebhookRefusedError) throw error;
      if (!(error instanceof Stripe.errors.StripeSignatureVerificationError))
        throw new WebhookRefusedError('body_unreadable', { cause: error }); // the signature is valid, so no other secret helps
      if (error.message.includes('tolerance')) refused = 'timestamp_out_of_tolerance';
    }
  }
  throw new WebhookRefusedError(refused);
}

function isEvent(value: unknown): value is Stripe.Event {
  const { id, type, created, data } = (value ?? {}) as Partial<Record<string, unknown>>;
  const object = (data as { object?: unknown } | null | undefined)?.object;
  return (
    typeof id === 'string' && typeof type === 'string' && Number.isInteger(created) && typeof object === 'object' && !!object
  );
}
