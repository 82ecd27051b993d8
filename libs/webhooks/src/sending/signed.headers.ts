import { PikaiaError } from '@pikaia/core';
import { Webhook } from 'standardwebhooks';
import type { SecretCipher } from '../endpoint/secret.cipher.js';
import type { ClaimedDelivery } from './claimed.delivery.js';

/**
 * Returns the headers of an attempt as Standard Webhooks defines them, with a signature for each valid secret. `webhook-id` is the same
 * in every attempt, so a receiver can recognize a repeat.
 *
 * @throws PikaiaError `PIKAIA_WEBHOOK_SECRET_UNREADABLE` if one of the secrets cannot be decrypted: without its signature, the receiver
 * could refuse the delivery.
 */
export function signedHeaders(delivery: ClaimedDelivery, cipher: SecretCipher, now: Date): Record<string, string> {
  const { eventId, endpointId, payload, secrets } = delivery;
  if (!secrets?.length) {
    throw new PikaiaError('PIKAIA_WEBHOOK_SECRET_UNREADABLE', 'The webhook endpoint has no secret. Rotate its secret.');
  }
  const signatures = secrets.map((secret) => new Webhook(cipher.decrypt(secret, endpointId)).sign(eventId, now, payload));
  return {
    'content-type': 'application/json',
    'user-agent': 'Pikaia-Webhooks',
    'webhook-id': eventId,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': signatures.join(' '),
  };
}
