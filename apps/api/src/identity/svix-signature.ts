import type { Clock } from '@pikaia/core';
import { isUtf8 } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';
import type { Webhook } from 'standardwebhooks';
import type { SignedRequest } from '../webhooks/webhook.decorator.js';
import { WebhookRefusedError } from '../webhooks/webhook.source.js';

const TOLERANCE_S = 5 * 60; // how far the time of a delivery may be from now, in both directions
const MAX_SIGNATURES = 20; // Svix sends one for each of its active secrets
const MESSAGE_ID = /^[\x21-\x7e]{1,255}$/;

/** A delivery whose signature is valid. */
export interface VerifiedDelivery {
  /** The id of the message. All deliveries of it have the same. */
  readonly id: string;
  readonly text: string;
}

/**
 * Verifies a delivery of Svix: one of its signatures (`v1`) must be that of one of the keys over id, time and bytes, and its time
 * at most five minutes from now. Each attempt of Svix is signed with its own time, so a retry is accepted and a replay is not.
 *
 * @throws WebhookRefusedError
 */
export function verifySvixSignature(
  { body, headers }: SignedRequest,
  keys: readonly Webhook[],
  clock: Pick<Clock, 'now'>,
): VerifiedDelivery {
  const [id, timestamp, signatures] = ['svix-id', 'svix-timestamp', 'svix-signature'].map((name) => headers[name]);
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string')
    throw new WebhookRefusedError('signature_missing');
  if (!MESSAGE_ID.test(id) || !/^\d{1,12}$/.test(timestamp)) throw new WebhookRefusedError('signature_invalid');
  const sentAt = new Date(Number(timestamp) * 1000);
  if (Math.abs(clock.now().getTime() - sentAt.getTime()) > TOLERANCE_S * 1000)
    throw new WebhookRefusedError('timestamp_out_of_tolerance');
  if (!isUtf8(body)) throw new WebhookRefusedError('body_unreadable'); // decoding would replace bytes that were not signed
  const expected = keys.map((key) => Buffer.from(key.sign(id, sentAt, body)));
  const given = signatures.split(' ', MAX_SIGNATURES).map((signature) => Buffer.from(signature));
  if (!given.some((one) => expected.some((other) => one.length === other.length && timingSafeEqual(one, other))))
    throw new WebhookRefusedError('signature_invalid');
  return { id, text: body.toString() };
}
