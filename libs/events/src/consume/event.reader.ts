import { isId, PikaiaError } from '@pikaia/core';
import { fromCloudEvent } from '../contract/cloud-event.js';
import type { Envelope } from '../contract/envelope.js';

/** An envelope as it arrives; `data` is not checked yet. */
export interface ReadEvent extends Envelope<object> {
  /** The outbox position; absent where the envelope never went through a relay. */
  readonly sequence?: string;
  readonly replayed?: string;
}

const MOST_WRAPPINGS = 4; // text of a record, its body, an EventBridge event, its detail

/**
 * The envelope in whatever it came: an envelope, an EventBridge event (its `detail`), an SQS record (its `body`), a
 * CloudEvent 1.0, each as an object or as JSON text.
 *
 * @throws PikaiaError `PIKAIA_EVENT_UNREADABLE` naming what is wrong, never a value.
 */
export function readEvent(source: unknown): ReadEvent {
  let found = source;
  for (let depth = 0; depth <= MOST_WRAPPINGS; depth++) {
    if (typeof found === 'string') found = parseJson(found);
    if (typeof found !== 'object' || found === null || Array.isArray(found)) throw unreadable('it is no JSON object');
    const value = found as Readonly<Record<string, unknown>>;
    if ('event_id' in value) return checked(value);
    if ('specversion' in value) return checked(cloudEvent(value));
    if ('detail-type' in value) found = detailOf(value);
    else if (typeof value['body'] === 'string') found = value['body'];
    else throw unreadable('it is no envelope, EventBridge event, SQS record or CloudEvent');
  }
  throw unreadable('it is wrapped too often');
}

function detailOf({ 'detail-type': type, detail }: Readonly<Record<string, unknown>>): unknown {
  const inner = (detail as { event_type?: unknown } | null | undefined)?.event_type;
  // Rules match the outside: what was routed by one type must not be handled as another.
  if (inner !== undefined && inner !== type) throw unreadable('its detail-type is not the type of the event inside');
  return detail;
}

function cloudEvent(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (value['specversion'] !== '1.0') throw unreadable('it is a CloudEvent of another version than 1.0');
  return fromCloudEvent(value);
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isAbsentOrText = (value: unknown): boolean => value === undefined || isText(value);

const RULES: Readonly<Record<keyof ReadEvent, (value: unknown) => boolean>> = {
  event_id: isId,
  event_type: isText,
  schema_version: (value) => Number.isInteger(value) && (value as number) >= 1,
  occurred_at: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
  aggregate_type: isText,
  aggregate_id: isText,
  organization_id: (value) => value === null || isText(value),
  correlation_id: isId,
  actor: (value) => value === null || isActor(value),
  data: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  sequence: isAbsentOrText,
  replayed: (value) => value === undefined || isId(value),
};

function isActor(value: unknown): boolean {
  const { type, id, email } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return isText(type) && isText(id) && isAbsentOrText(email);
}

function checked(value: Readonly<Record<string, unknown>>): ReadEvent {
  const broken = Object.entries(RULES).filter(([field, rule]) => !rule(value[field]));
  if (broken.length)
    throw unreadable(`these fields of the envelope are missing or wrong: ${broken.map(([name]) => name).join(', ')}`);
  return value as unknown as ReadEvent;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable('it is no JSON', cause);
  }
}

const unreadable = (why: string, cause?: unknown): PikaiaError =>
  new PikaiaError('PIKAIA_EVENT_UNREADABLE', `This event cannot be read: ${why}.`, { cause });
