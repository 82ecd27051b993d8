import { isId, PikaiaError } from '@pikaia/core';
import { fromCloudEvent } from '../contract/cloud-event.js';
import type { Envelope } from '../contract/envelope.js';

/** An envelope that was read from a source. `data` is not validated yet. */
export interface ReceivedEnvelope extends Envelope<object> {
  /** The outbox position. Absent if no relay sent the envelope. */
  readonly sequence?: string;
  /** The id of the replay that sent the event again. */
  readonly replayed?: string;
}

const MAX_WRAPPERS = 4; // an SQS record as text, its body, an EventBridge event, its detail

/**
 * Extracts the envelope from an envelope, an EventBridge event (`detail`), an SQS record (`body`) or a CloudEvent 1.0. Each can
 * be an object or JSON text.
 *
 * @throws PikaiaError `PIKAIA_EVENT_UNREADABLE`. The message names the problem, never a value.
 */
export function readEvent(source: unknown): ReceivedEnvelope {
  let found = source;
  for (let depth = 0; depth <= MAX_WRAPPERS; depth++) {
    if (typeof found === 'string') found = parseJson(found);
    if (typeof found !== 'object' || found === null || Array.isArray(found)) throw unreadableEvent('it is not a JSON object');
    const value = found as Readonly<Record<string, unknown>>;
    if ('event_id' in value) return checkEnvelope(value);
    if ('specversion' in value) return checkEnvelope(envelopeOfCloudEvent(value));
    if ('detail-type' in value) found = unwrapDetail(value);
    else if (typeof value['body'] === 'string') found = value['body'];
    else throw unreadableEvent('it is not an envelope, EventBridge event, SQS record or CloudEvent');
  }
  throw unreadableEvent('it has too many nested wrappers');
}

function unwrapDetail({ 'detail-type': type, detail }: Readonly<Record<string, unknown>>): unknown {
  const inner = (detail as { event_type?: unknown } | null | undefined)?.event_type;
  // Rules of the bus match `detail-type`: an event that was routed as one type must not be handled as another type.
  if (inner !== undefined && inner !== type) throw unreadableEvent('its detail-type is not the event_type of its detail');
  return detail;
}

function envelopeOfCloudEvent(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (value['specversion'] !== '1.0') throw unreadableEvent('it is a CloudEvent whose version is not 1.0');
  return fromCloudEvent(value);
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isAbsentOrText = (value: unknown): boolean => value === undefined || isText(value);

const RULES: Readonly<Record<keyof ReceivedEnvelope, (value: unknown) => boolean>> = {
  event_id: isId,
  event_type: isText,
  schema_version: (value) => Number.isInteger(value) && (value as number) >= 1,
  occurred_at: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
  aggregate_type: isText,
  aggregate_id: isText,
  organization_id: (value) => value === null || isText(value),
  correlation_id: isId,
  causation_id: (value) => value === undefined || isId(value),
  actor: (value) => value === null || isActor(value),
  data: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  sequence: isAbsentOrText,
  replayed: (value) => value === undefined || isId(value),
};

function isActor(value: unknown): boolean {
  const { type, id, email } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return isText(type) && isText(id) && isAbsentOrText(email);
}

function checkEnvelope(value: Readonly<Record<string, unknown>>): ReceivedEnvelope {
  const broken = Object.entries(RULES).filter(([field, rule]) => !rule(value[field]));
  if (broken.length)
    throw unreadableEvent(`these envelope fields are missing or invalid: ${broken.map(([name]) => name).join(', ')}`);
  return value as unknown as ReceivedEnvelope;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadableEvent('it is not valid JSON', cause);
  }
}

const unreadableEvent = (why: string, cause?: unknown): PikaiaError =>
  new PikaiaError('PIKAIA_EVENT_UNREADABLE', `This event cannot be read: ${why}.`, { cause });
