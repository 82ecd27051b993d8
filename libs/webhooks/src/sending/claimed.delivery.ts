import type { EncryptedText } from '../endpoint/secret.cipher.js';

/** A delivery that this worker may attempt until its claim ends. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly endpointId: string;
  readonly organizationId: string;
  readonly kind: 'event' | 'redelivery' | 'test';
  readonly eventId: string;
  readonly eventType: string;
  readonly correlationId: string;
  readonly payload: string;
  /** The earlier attempts. */
  readonly attempts: number;
  readonly url: string;
  /** The failed attempts of the endpoint since its last success. */
  readonly endpointFailures: number;
  /** The secrets that are valid now, the newest first. Null if there is none. */
  readonly secrets: readonly EncryptedText[] | null;
}
