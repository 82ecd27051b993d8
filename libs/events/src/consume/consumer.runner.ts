import { context, newId, PikaiaError } from '@pikaia/core';
import { getLogger, metric, queryStatsFields } from '@pikaia/logging';
import { eventMetrics } from '../metrics.js';
import type { ConsumerDefinition, HandlerDefinition } from './consumer.definition.js';
import { parseData } from './event.parser.js';
import { readEvent, type ReceivedEnvelope } from './event.reader.js';
import { asPostponement } from './postpone.error.js';
import type { ReceiptKey, Receipts } from './receipts.js';

const logger = getLogger('consumer');

/** An event as the runner receives it from a sink or a queue. */
export interface IncomingEvent {
  readonly position: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly schemaVersion: number;
  readonly organizationId: string | null;
  readonly correlationId: string | null;
  /** The envelope, or its JSON text. */
  readonly payload: string | ReceivedEnvelope;
  readonly attempt: number;
  readonly replayed?: string;
}

/** Runs the handlers of one consumer, each in its own context, with its timeout and with a receipt. */
export class ConsumerRunner {
  constructor(
    readonly consumer: ConsumerDefinition,
    private readonly receipts: Receipts,
  ) {}

  /**
   * Handles an event whose type the consumer handles.
   *
   * @returns `skipped` for a replay if the handler skips replays.
   * @throws PikaiaError `PIKAIA_EVENT_VERSION_UNKNOWN`, `PIKAIA_EVENT_UNREADABLE` or `PIKAIA_HANDLER_TIMEOUT`.
   * @throws PostponeError while another process handles the event.
   * @throws the error of the handler.
   */
  run(event: IncomingEvent): Promise<'handled' | 'skipped'> {
    const { name } = this.consumer;
    return context.run(
      {
        correlationId: event.correlationId ?? newId(),
        ...(event.organizationId === null ? {} : { organizationId: event.organizationId }),
        actor: { type: 'system', id: name },
        event: { id: event.eventId, type: event.eventType, consumer: name, attempt: event.attempt },
      },
      () => this.measure(event),
    );
  }

  private async measure(event: IncomingEvent): Promise<'handled' | 'skipped'> {
    const dimensions = { consumer: this.consumer.name };
    const startedAt = performance.now();
    try {
      const outcome = await this.handle(event);
      metric(eventMetrics.consumerHandled, 1, dimensions);
      return outcome;
    } catch (error) {
      metric(asPostponement(error) ? eventMetrics.consumerPostponed : eventMetrics.consumerFailed, 1, dimensions);
      throw error;
    } finally {
      metric(eventMetrics.consumerDuration, performance.now() - startedAt, dimensions);
    }
  }

  private async handle(incoming: IncomingEvent): Promise<'handled' | 'skipped'> {
    const startedAt = performance.now();
    const handler = this.handlerOf(incoming);
    const { replayed, payload } = incoming;
    if (replayed !== undefined && handler.replay === 'skip') return 'skipped';
    const read = await parseData(handler.contract, typeof payload === 'string' ? readEvent(payload) : payload);
    const event = { ...read, sequence: incoming.position, ...(replayed !== undefined && { replayed }) };
    const { name: consumer } = this.consumer;
    const key: ReceiptKey = {
      consumer,
      eventId: incoming.eventId,
      correlationId: incoming.correlationId,
      ...(replayed !== undefined && { replay: replayed }),
    };
    const work = async (): Promise<unknown> => handler.run(event);
    const isNew = await withTimeout(handler, () =>
      handler.effect === 'database'
        ? this.receipts.inTransaction(key, work)
        : this.receipts.aroundEffect(key, handler.timeoutMs, work),
    );
    if (isNew) {
      logger.info('event_delivered', {
        event_type: incoming.eventType,
        ...(replayed !== undefined && { replayed }),
        duration: Math.round((performance.now() - startedAt) * 1e6),
        ...queryStatsFields(),
      });
    } else logger.debug('event_handled_before', { event_type: incoming.eventType });
    return 'handled';
  }

  private handlerOf({ eventType, schemaVersion }: IncomingEvent): HandlerDefinition {
    const handler = this.consumer.handlerOf(eventType, schemaVersion);
    if (handler) return handler;
    throw new PikaiaError(
      'PIKAIA_EVENT_VERSION_UNKNOWN',
      `This process does not handle version ${schemaVersion} of ${eventType} in ${this.consumer.name}. Deploy a worker that does; the event waits for it.`,
    );
  }
}

/**
 * Rejects with `PIKAIA_HANDLER_TIMEOUT` if the work exceeds the handler's timeout. The work itself continues. Its receipt
 * prevents the next attempt from repeating the effect.
 */
async function withTimeout<T>({ timeoutMs, method }: HandlerDefinition, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new PikaiaError('PIKAIA_HANDLER_TIMEOUT', `${method} did not finish within ${timeoutMs} ms.`)),
      timeoutMs,
    );
  });
  const working = work();
  try {
    return await Promise.race([working, timedOut]);
  } catch (error) {
    working.catch((failure: unknown) => failure === error || logger.exception('handler_failed_late', failure));
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
