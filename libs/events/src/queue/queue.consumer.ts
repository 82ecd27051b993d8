import { context, PikaiaError, type ContextSnapshot } from '@pikaia/core';
import { errorMessage, getLogger, maskLogLines } from '@pikaia/logging';
import type { ConsumerRunner } from '../consume/consumer.runner.js';
import { readEvent, type ReceivedEnvelope } from '../consume/event.reader.js';
import { asPostponement } from '../consume/postpone.error.js';
import { personalMask } from '../contract/personal-data.js';
import { retryDelay } from '../loop/backoff.js';

const logger = getLogger('consumer');

/** The part of Lambda's SQS event that the consumer uses. */
export interface QueueBatch {
  readonly Records: readonly QueueRecord[];
}

/** A record of an SQS batch. */
export interface QueueRecord {
  readonly messageId: string;
  /** An EventBridge event, an envelope or a CloudEvent, as JSON. */
  readonly body: string;
  /** Identifies this receipt of the record to the queue. */
  readonly receiptHandle?: string;
  readonly attributes?: { readonly ApproximateReceiveCount?: string };
}

/** The response to Lambda for `ReportBatchItemFailures`: the queue redelivers these records and deletes the others. */
export interface QueueBatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** A record to redeliver, and the delay before that. */
export interface RedeliveryDelay {
  readonly record: QueueRecord;
  readonly delayMs: number;
}

export interface QueueConsumerOptions {
  /** Sets the delay before the queue redelivers failed records. Default: the visibility timeout of the queue. */
  readonly setRedeliveryDelays?: (delays: readonly RedeliveryDelay[]) => Promise<void>;
  /** Returns a number between 0 and 1 for the jitter. Default: `Math.random`. */
  readonly random?: () => number;
}

const EXECUTION_MARGIN_MS = 2_000; // reserved to store the receipt, write log lines and set the delays before Lambda ends the execution
const UNLIMITED_SETTLE_MS = 10_000; // for an execution without a limit
const NO_DELAY_MS = 0;

/** Runs a consumer behind a queue, with the same handlers, receipts and contexts as in a worker. */
export class QueueConsumer {
  private hasReportedTimeLimit = false;

  constructor(
    private readonly runner: ConsumerRunner,
    private readonly options: QueueConsumerOptions = {},
  ) {}

  /**
   * Handles the events of a batch one after another. Returns failed records, which the queue redelivers until it moves them to
   * its dead-letter queue. The other records are not repeated. Never rejects because of a record.
   *
   * The delays are those of a worker: the delay of a PostponeError, or else a random delay up to a bound that doubles from one second to five minutes.
   * An unreadable record is redelivered without delay, because waiting does not help.
   *
   * The queue counts every receipt, including those of postponed events. Unlike in a worker, an outage uses up the attempts.
   *
   * A claim lasts until the end of the execution. If a handler exceeded its timeout or a receipt was late, the batch ends only when
   * they are done, or when the time is up: Lambda freezes the process after the response.
   *
   * @param remainingMs returns the milliseconds until Lambda ends this execution. Records without enough time left are returned
   * as failed without an attempt.
   */
  async handleBatch({ Records: records }: QueueBatch, remainingMs: () => number = () => Infinity): Promise<QueueBatchResponse> {
    const delays: RedeliveryDelay[] = [];
    for (const [index, record] of records.entries()) {
      const remaining = remainingMs();
      const isTooShort = remaining < this.longestTimeoutMs + EXECUTION_MARGIN_MS;
      if (isTooShort && index === 0) this.reportTimeLimit(remaining);
      if (isTooShort && index > 0) {
        const rest = records.slice(index).map((left) => ({ record: left, delayMs: NO_DELAY_MS }));
        logger.warning('batch_cut_short', { consumer: this.runner.consumer.name, count: rest.length });
        delays.push(...rest);
        break;
      }
      const delayMs = await this.handleRecord(record, remainingMs);
      if (delayMs !== undefined) delays.push({ record, delayMs });
    }
    if (delays.length) {
      const leftMs = remainingMs() - EXECUTION_MARGIN_MS;
      await this.runner.settle(Number.isFinite(leftMs) ? Math.max(0, leftMs) : UNLIMITED_SETTLE_MS);
      await this.setRedeliveryDelays(delays);
    }
    return { batchItemFailures: delays.map(({ record }) => ({ itemIdentifier: record.messageId })) };
  }

  /** Reports once that Lambda can end an execution before the handler's timeout. The effect could then repeat. */
  private reportTimeLimit(remainingMs: number): void {
    if (this.hasReportedTimeLimit) return;
    this.hasReportedTimeLimit = true;
    const { name: consumer } = this.runner.consumer;
    const reason = `The execution ends after ${Math.round(remainingMs)} ms, but timeoutMs of a handler is ${this.longestTimeoutMs}. Raise the time limit of the function to at least ${this.longestTimeoutMs + EXECUTION_MARGIN_MS} ms, or lower timeoutMs.`;
    logger.warning('queue_time_limit_short', { consumer, reason });
  }

  /** Sets the delays. If this fails, the queue redelivers the records after its visibility timeout. */
  private async setRedeliveryDelays(delays: readonly RedeliveryDelay[]): Promise<void> {
    try {
      await this.options.setRedeliveryDelays?.(delays);
    } catch (error) {
      const { name: consumer } = this.runner.consumer;
      logger.warning('queue_pauses_not_set', { consumer, count: delays.length, reason: errorMessage(error) });
    }
  }

  private get longestTimeoutMs(): number {
    return Math.max(...this.runner.consumer.handlers.map(({ timeoutMs }) => timeoutMs));
  }

  /** @returns undefined if the record was handled, or else the milliseconds before its redelivery. */
  private async handleRecord(
    { messageId, body, attributes }: QueueRecord,
    remainingMs: () => number,
  ): Promise<number | undefined> {
    const attempt = Number(attributes?.ApproximateReceiveCount ?? 1);
    const { consumer } = this.runner;
    let event: ReceivedEnvelope;
    try {
      event = this.readBody(body);
    } catch (error) {
      logger.exception('queue_record_unreadable', error, { consumer: consumer.name, attempt, 'queue.message_id': messageId });
      return NO_DELAY_MS;
    }
    const snapshot: Partial<ContextSnapshot> = {
      correlationId: event.correlation_id,
      ...(event.organization_id !== null && { organizationId: event.organization_id }),
      event: {
        id: event.event_id,
        type: event.event_type,
        consumer: consumer.name,
        attempt,
        ...(event.actor && { actor: event.actor }),
      },
    };
    return context.run(snapshot, () => {
      maskLogLines(personalMask(event));
      return this.handle(event, attempt, remainingMs());
    });
  }

  private async handle(event: ReceivedEnvelope, attempt: number, remainingMs: number): Promise<number | undefined> {
    try {
      const incoming = {
        position: event.sequence!,
        eventId: event.event_id,
        eventType: event.event_type,
        schemaVersion: event.schema_version,
        organizationId: event.organization_id,
        correlationId: event.correlation_id,
        payload: event,
        attempt,
        ...(event.replayed !== undefined && { replayed: event.replayed }),
      };
      await this.runner.run(incoming, Number.isFinite(remainingMs) ? { claimMs: remainingMs } : {});
      return undefined;
    } catch (error) {
      const postponement = asPostponement(error);
      if (postponement || (error instanceof PikaiaError && error.code === 'PIKAIA_EVENT_VERSION_UNKNOWN')) {
        logger.warning('event_postponed', { reason: errorMessage(error) });
      } else logger.exception('event_refused', error);
      return postponement?.retryAfterMs ?? retryDelay(attempt, this.options.random ?? Math.random);
    }
  }

  private readBody(body: string): ReceivedEnvelope {
    const event = readEvent(body);
    const { name, types } = this.runner.consumer;
    if (!types.includes(event.event_type))
      throw new PikaiaError(
        'PIKAIA_EVENT_UNEXPECTED',
        `${name} does not handle ${event.event_type}: narrow the rule that fills its queue.`,
      );
    if (event.sequence === undefined)
      throw new PikaiaError(
        'PIKAIA_EVENT_UNREADABLE',
        'This event cannot be handled: it has no sequence, so it was not sent by a relay.',
      );
    return event;
  }
}
