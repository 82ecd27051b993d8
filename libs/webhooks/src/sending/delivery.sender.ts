import { context, PikaiaError, type Clock } from '@pikaia/core';
import { errorMessage, getLogger, metric } from '@pikaia/logging';
import { setTimeout as delay } from 'node:timers/promises';
import type { SecretCipher } from '../endpoint/secret.cipher.js';
import type { GuardedPost, PostResult } from '../http/guarded.post.js';
import { webhookSendingMetrics } from '../metrics.js';
import type { ClaimedDelivery } from './claimed.delivery.js';
import type { Delays, DeliveryStore, RecordedAttempt } from './delivery.store.js';
import type { EndpointDisabler } from './endpoint.disabler.js';
import { signedHeaders } from './signed.headers.js';
import { endpointPauseMs, parseRetryAfter, retryDelayMs } from './retry.schedule.js';

const logger = getLogger('webhook-sending');
const BLOCKED_RETRY_MS = 60_000; // of a delivery whose secret cannot be decrypted
const RECORD_RETRY_MS = 500;
const GONE = 410;
const MAY_RETRY_AFTER = [429, 503];

export interface DeliverySenderOptions {
  readonly post: GuardedPost;
  readonly cipher: SecretCipher;
  readonly store: DeliveryStore;
  readonly disabler: EndpointDisabler;
  readonly clock: Clock;
  /** A number from 0 to 1. */
  readonly random: () => number;
  /** Milliseconds after which the claim of a delivery ends. */
  readonly claimMs: number;
}

/** Makes one attempt of a delivery and records its result. */
export class DeliverySender {
  constructor(private readonly options: DeliverySenderOptions) {}

  /**
   * Attempts a claimed delivery, in the context of its event. Never throws: a delivery without a recorded result is attempted again when
   * its claim ends.
   */
  send(delivery: ClaimedDelivery, signal: AbortSignal): Promise<void> {
    const { correlationId, organizationId } = delivery;
    return context.run({ correlationId, organizationId, actor: { type: 'system', id: 'webhooks' } }, async () => {
      try {
        await this.attempt(delivery, signal);
      } catch (error) {
        if (!signal.aborted) logger.exception('webhook_result_lost', error, fieldsOf(delivery));
      }
    });
  }

  private async attempt(delivery: ClaimedDelivery, signal: AbortSignal): Promise<void> {
    const { post, clock } = this.options;
    const startedAt = clock.monotonic();
    const headers = await this.headersOf(delivery);
    if (!headers) return;
    const result = await post.post({ url: delivery.url, headers, body: delivery.payload, signal });
    const durationMs = Math.round(clock.monotonic() - startedAt);
    const recorded = await this.record(delivery, result, durationMs, startedAt, signal);
    this.report(delivery, result, durationMs, recorded);
    if (!recorded || !result.failure) return;
    const isGone = result.status === GONE;
    if (isGone || recorded.isEndpointOverdue) {
      await this.options.disabler.disable(delivery, isGone ? 'gone' : 'failing', result);
    }
  }

  /** Signs the delivery. A secret that cannot be decrypted postpones it and costs no attempt, because the receiver has no fault. */
  private async headersOf(delivery: ClaimedDelivery): Promise<Record<string, string> | undefined> {
    try {
      return signedHeaders(delivery, this.options.cipher, this.options.clock.now());
    } catch (error) {
      if (!(error instanceof PikaiaError)) throw error;
      metric(webhookSendingMetrics.blocked, 1);
      logger.exception('webhook_blocked', error, fieldsOf(delivery));
      await this.options.store.release([delivery], BLOCKED_RETRY_MS);
      return undefined;
    }
  }

  /** Repeats the statement while the database fails, until the claim ends. */
  private async record(
    delivery: ClaimedDelivery,
    result: PostResult,
    durationMs: number,
    startedAt: number,
    signal: AbortSignal,
  ): Promise<RecordedAttempt | undefined> {
    const { store, clock, claimMs } = this.options;
    const delays = this.delaysAfter(delivery, result);
    for (;;) {
      try {
        return await store.record(delivery, result, durationMs, delays);
      } catch (error) {
        if (signal.aborted || clock.monotonic() - startedAt > claimMs) throw error;
        logger.warning('webhook_result_delayed', { ...fieldsOf(delivery), reason: errorMessage(error) });
        await delay(RECORD_RETRY_MS);
      }
    }
  }

  private delaysAfter(
    { kind, attempts, endpointFailures }: ClaimedDelivery,
    { status, retryAfter, failure }: PostResult,
  ): Delays {
    if (!failure) return { retryMs: null, endpointPauseMs: 0 };
    const { clock, random } = this.options;
    const retryAfterMs = MAY_RETRY_AFTER.includes(status ?? 0) ? parseRetryAfter(retryAfter, clock.now()) : 0;
    return {
      retryMs: kind === 'test' ? null : retryDelayMs(attempts + 1, random(), retryAfterMs),
      endpointPauseMs: endpointPauseMs(endpointFailures + 1, random(), retryAfterMs),
    };
  }

  private report(
    delivery: ClaimedDelivery,
    { status, failure }: PostResult,
    durationMs: number,
    recorded: RecordedAttempt | undefined,
  ): void {
    metric(webhookSendingMetrics.duration, durationMs);
    const fields = {
      ...fieldsOf(delivery),
      'webhook.attempt': delivery.attempts + 1,
      'webhook.status': status,
      'webhook.delivery_status': recorded?.status ?? 'unknown', // the claim was lost
      duration_ms: durationMs,
    };
    if (failure) {
      metric(webhookSendingMetrics.failed, 1, { code: failure.code });
      logger.warning('webhook_attempt_failed', { ...fields, 'webhook.error_code': failure.code, reason: failure.text });
    } else {
      metric(webhookSendingMetrics.sent, 1);
      logger.info('webhook_sent', fields);
    }
  }
}

/** The URL is missing, because it can contain a secret of the customer. */
const fieldsOf = ({ id, endpointId, eventId, eventType }: ClaimedDelivery) => ({
  'webhook.delivery_id': id,
  'webhook.endpoint_id': endpointId,
  'event.id': eventId,
  'webhook.type': eventType,
});
