import type { Contract } from '../contract/domain-event.js';
import type { Envelope } from '../contract/envelope.js';

/** What EventBridge accepts as one entry; the same bound holds for every sink, so that a new sink can take old events. */
export const MAX_EVENT_BYTES = 256 * 1024;

const TIME_BYTES = 14; // what EventBridge counts for an entry's time
// What the relay writes into the envelope when it delivers, at its longest.
const ADDED_WHEN_SENT = ',"sequence":"9223372036854775807","replayed":"00000000-0000-0000-0000-000000000000"'.length;

/**
 * The bytes that an event takes as sent, counted as EventBridge counts an entry: detail, detail type, source, resource
 * and time, in UTF-8; with what the relay adds. Never less than the stored text.
 */
export function eventSize(contract: Contract, { aggregate_type, aggregate_id }: Envelope, text: string): number {
  const bytes = (part: string): number => Buffer.byteLength(part, 'utf8');
  const resource = `urn:pikaia:${aggregate_type}:${aggregate_id}`;
  return bytes(text) + ADDED_WHEN_SENT + bytes(contract.type) + bytes(contract.source) + bytes(resource) + TIME_BYTES;
}
