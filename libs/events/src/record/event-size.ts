import type { Contract } from '../contract/domain-event.js';
import type { Envelope } from '../contract/envelope.js';

/** EventBridge's limit for one entry. It applies to every sink, so that a sink that is added later can receive old events. */
export const MAX_EVENT_BYTES = 256 * 1024;

const TIME_BYTES = 14; // EventBridge counts this for the time of an entry
// The longest text that the relay adds to the envelope when it delivers.
const MAX_ADDED_BYTES = ',"sequence":"9223372036854775807","replayed":"00000000-0000-0000-0000-000000000000"'.length;

/**
 * Returns the size of an event in bytes, as EventBridge counts an entry: detail, detail type, source, resource and time in
 * UTF-8. Includes the fields that the relay adds. The result is never smaller than the stored text.
 */
export function eventSize(contract: Contract, { aggregate_type, aggregate_id }: Envelope, text: string): number {
  const bytes = (part: string): number => Buffer.byteLength(part, 'utf8');
  const resource = `urn:pikaia:${aggregate_type}:${aggregate_id}`;
  return bytes(text) + MAX_ADDED_BYTES + bytes(contract.type) + bytes(contract.source) + bytes(resource) + TIME_BYTES;
}
