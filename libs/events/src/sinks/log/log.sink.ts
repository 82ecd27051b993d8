import { context, isId, newId, type Actor } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import type { Envelope, EnvelopeActor } from '../../contract/envelope.js';
import { maskData } from '../../contract/personal-data.js';
import { accepted, type Outcome, type Sink, type SinkEvent } from '../../delivery/sink.js';

const logger = getLogger('events');

export interface LogSinkOptions {
  /** Adds the event's data to the record, with personal values masked. Default: false. */
  readonly includeData?: boolean;
}

/**
 * Writes one log record, `domain_event`, for each event. It accepts every event, even one whose payload is not an envelope. The
 * records are best effort, as all log records are.
 */
export class LogSink implements Sink {
  readonly name = 'log';
  readonly from = 'now'; // a new registration does not print history
  readonly ordering = 'none';
  readonly types = null;
  readonly observer = true;
  readonly limits = { maxBatchEvents: 100, maxBatchBytes: 1_000_000, maxConcurrency: 1 }; // one call at a time keeps the order

  constructor(private readonly options: LogSinkOptions = {}) {}

  deliver(batch: readonly SinkEvent[]): Promise<readonly Outcome[]> {
    for (const event of batch) this.write(event);
    return Promise.resolve(batch.map(() => accepted));
  }

  /** Writes the record in the context of the request that caused the event, so that it has its trace id, user and organization. */
  private write(event: SinkEvent): void {
    const envelope = parseEnvelope(event.payload);
    const actor = personOf(envelope.actor);
    const snapshot = {
      correlationId: event.correlationId ?? newId(),
      ...(event.organizationId !== null && { organizationId: event.organizationId }),
      ...(actor && { actor }),
    };
    context.run(snapshot, () =>
      logger.info('domain_event', {
        'event.id': event.eventId,
        event_type: event.eventType,
        schema_version: event.schemaVersion,
        aggregate_type: event.aggregateType,
        aggregate_id: event.aggregateId,
        ...(isId(envelope.causation_id) && { causation_id: envelope.causation_id }),
        occurred_at: event.occurredAt,
        sequence: event.position,
        ...(event.replayed !== undefined && { replayed: event.replayed }),
        ...(this.options.includeData && { data: maskData(event.eventType, event.schemaVersion, envelope.data) }),
      }),
    );
  }
}

/** The parsed payload. Empty if it is not an envelope, because someone inserted the row without `publish`. */
function parseEnvelope(payload: string): Partial<Envelope> {
  try {
    return (JSON.parse(payload) as Partial<Envelope> | null) ?? {};
  } catch {
    return {};
  }
}

function personOf(actor: Partial<EnvelopeActor> | null | undefined): Actor | undefined {
  const { type, id, email } = actor ?? {};
  if ((type !== 'user' && type !== 'operator') || typeof id !== 'string') return undefined;
  return { type, id, ...(typeof email === 'string' && { email }) };
}
