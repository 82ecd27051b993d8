import { context, PikaiaError, type ContextSnapshot } from '@pikaia/core';
import { errorMessage, getLogger } from '@pikaia/logging';
import type { ConsumerRunner } from '../consume/consumer.runner.js';
import { readEvent, type ReadEvent } from '../consume/event.reader.js';
import { asPostponement } from '../consume/postpone.error.js';
import { retryDelay } from '../loop/backoff.js';

const logger = getLogger('consumer');

/** What Lambda hands over of an SQS queue, as far as it matters here. */
export interface QueueBatch {
  readonly Records: readonly QueueRecord[];
}

export interface QueueRecord {
  readonly messageId: string;
  /** An EventBridge event, an envelope or a CloudEvent, as JSON. */
  readonly body: string;
  /** By which the queue knows this receipt of it. */
  readonly receiptHandle?: string;
  readonly attributes?: { readonly ApproximateReceiveCount?: string };
}

/** What Lambda makes of it with `ReportBatchItemFailures`: these come again, the others are done. */
export interface QueueAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** A record that comes again, and how long it stays away before that. */
export interface QueuePause {
  readonly record: QueueRecord;
  readonly milliseconds: number;
}

export interface QueueConsumerOptions {
  /** Tells the queue how long failed records stay away; without it its own visibility time-out decides. */
  readonly setPauses?: (pauses: readonly QueuePause[]) => Promise<void>;
  /** Between 0 and 1: jitter. */
  readonly random?: () => number;
}

const MARGIN_MS = 2_000; // to write receipt and log lines, and set pauses, before Lambda ends the execution
const AT_ONCE_MS = 0;

/** A consumer whose events come from a queue: the handlers, receipts and contexts that it has in a worker. */
export class QueueConsumer {
  constructor(
    private readonly runner: ConsumerRunner,
    private readonly options: QueueConsumerOptions = {},
  ) {}

  /**
   * Handles a batch, one event after the other. What fails is returned as failed and comes again, until the queue gives it to
   * its dead letters; nothing else of the batch is repeated. Never rejects for a record. The pauses are a worker's: as long
   * as a postponement asks for, else doubling from a second to five minutes. What cannot be read comes again at once, since
   * no time makes it readable.
   *
   * The queue counts each receipt, also of what was only postponed: unlike a worker's retries, an outage burns them.
   *
   * @param remainingMs milliseconds until this execution is ended; what there is no time for is returned without a try.
   */
  async take({ Records: records }: QueueBatch, remainingMs: () => number = () => Infinity): Promise<QueueAnswer> {
    const pauses: QueuePause[] = [];
    for (const [index, record] of records.entries()) {
      if (remainingMs() < this.longest + MARGIN_MS && index > 0) {
        const rest = records.slice(index).map((left) => ({ record: left, milliseconds: AT_ONCE_MS }));
        logger.warning('batch_cut_short', { consumer: this.runner.consumer.name, count: rest.length });
        pauses.push(...rest);
        break;
      }
      const milliseconds = await this.takeOne(record);
      if (milliseconds !== undefined) pauses.push({ record, milliseconds });
    }
    if (pauses.length) await this.setPauses(pauses);
    return { batchItemFailures: pauses.map(({ record }) => ({ itemIdentifier: record.messageId })) };
  }

  /** Where it fails the records come again all the same, after the queue's own time-out. */
  private async setPauses(pauses: readonly QueuePause[]): Promise<void> {
    try {
      await this.options.setPauses?.(pauses);
    } catch (error) {
      const { name: consumer } = this.runner.consumer;
      logger.warning('queue_pauses_not_set', { consumer, count: pauses.length, reason: errorMessage(error) });
    }
  }

  private get longest(): number {
    return Math.max(...this.runner.consumer.handlers.map(({ timeout }) => timeout));
  }

  /** @returns undefined when it was handled, else the milliseconds after which it is to come again. */
  private async takeOne({ messageId, body, attributes }: QueueRecord): Promise<number | undefined> {
    const attempt = Number(attributes?.ApproximateReceiveCount ?? 1);
    const { consumer } = this.runner;
    let event: ReadEvent;
    try {
      event = this.read(body);
    } catch (error) {
      logger.exception('queue_record_unreadable', error, { consumer: consumer.name, attempt, 'queue.message_id': messageId });
      return AT_ONCE_MS;
    }
    const snapshot: Partial<ContextSnapshot> = {
      correlationId: event.correlation_id,
      ...(event.organization_id !== null && { organizationId: event.organization_id }),
      event: { id: event.event_id, type: event.event_type, consumer: consumer.name, attempt },
    };
    return context.run(snapshot, () => this.handle(event, attempt));
  }

  private async handle(event: ReadEvent, attempt: number): Promise<number | undefined> {
    try {
      await this.runner.run({
        position: event.sequence!,
        eventId: event.event_id,
        eventType: event.event_type,
        schemaVersion: event.schema_version,
        organizationId: event.organization_id,
        correlationId: event.correlation_id,
        payload: event,
        attempt,
        ...(event.replayed !== undefined && { replayed: event.replayed }),
      });
      return undefined;
    } catch (error) {
      const postponement = asPostponement(error);
      if (postponement || (error as { code?: unknown }).code === 'PIKAIA_EVENT_VERSION_UNKNOWN') {
        logger.warning('event_postponed', { reason: errorMessage(error) });
      } else logger.exception('event_refused', error);
      return postponement?.retryAfterMs ?? retryDelay(attempt, this.options.random ?? Math.random);
    }
  }

  private read(body: string): ReadEvent {
    const event = readEvent(body);
    const { name, types } = this.runner.consumer;
    if (!types.includes(event.event_type))
      throw new PikaiaError(
        'PIKAIA_EVENT_UNEXPECTED',
        `${name} does not handle ${event.event_type}: narrow the rule of its queue.`,
      );
    if (event.sequence === undefined)
      throw new PikaiaError(
        'PIKAIA_EVENT_UNREADABLE',
        'This event cannot be handled: it has no sequence, so no relay has sent it.',
      );
    return event;
  }
}
