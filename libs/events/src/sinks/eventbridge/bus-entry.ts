import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { sourceOf } from '../../contract/domain-event.js';
import { serializeEvent } from '../../delivery/serialize-event.js';
import type { SinkEvent } from '../../delivery/sink.js';

const TIME_BYTES = 14; // size that AWS computes for the Time of an entry

/**
 * Converts an event to an EventBridge entry. The detail is the envelope with its sequence.
 *
 * @throws Error if the payload is not a JSON object.
 */
export const toEntry = (event: SinkEvent, busName: string): PutEventsRequestEntry => ({
  EventBusName: busName,
  Source: sourceOf(event),
  DetailType: event.eventType,
  Detail: serializeEvent(event),
  Time: event.occurredAt,
  Resources: [`urn:pikaia:${event.aggregateType}:${event.aggregateId}`],
});

/** Size of an entry as AWS computes it: Time plus the UTF-8 bytes of Source, DetailType, Detail and each resource. */
export function entrySize({ Source = '', DetailType = '', Detail = '', Time, Resources = [] }: PutEventsRequestEntry): number {
  let bytes = Time === undefined ? 0 : TIME_BYTES;
  for (const text of [Source, DetailType, Detail, ...Resources]) bytes += Buffer.byteLength(text, 'utf8');
  return bytes;
}
