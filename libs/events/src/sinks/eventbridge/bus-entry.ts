import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { sourceOf } from '../../contract/domain-event.js';
import { sentText } from '../../delivery/sent-text.js';
import type { SinkEvent } from '../../delivery/sink.js';

const TIME_BYTES = 14; // what AWS counts for an entry's Time

/**
 * An event as EventBridge gets it: the envelope, with its sequence, is the detail.
 *
 * @throws Error when the payload is no JSON object.
 */
export const toEntry = (event: SinkEvent, busName: string): PutEventsRequestEntry => ({
  EventBusName: busName,
  Source: sourceOf(event),
  DetailType: event.eventType,
  Detail: sentText(event),
  Time: event.occurredAt,
  Resources: [`urn:pikaia:${event.aggregateType}:${event.aggregateId}`],
});

/** Bytes as AWS computes them: Time, and the UTF-8 of Source, DetailType, Detail and each resource. */
export function entrySize({ Source = '', DetailType = '', Detail = '', Time, Resources = [] }: PutEventsRequestEntry): number {
  let bytes = Time === undefined ? 0 : TIME_BYTES;
  for (const text of [Source, DetailType, Detail, ...Resources]) bytes += Buffer.byteLength(text, 'utf8');
  return bytes;
}
