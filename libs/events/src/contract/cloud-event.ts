import { sourceOf } from './domain-event.js';
import type { Envelope } from './envelope.js';

/**
 * An event as a CloudEvent 1.0 (JSON, structured mode). Envelope fields without a standard attribute become extensions.
 * The standard allows only lower-case letters and digits in extension names.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
 */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time: string;
  /** `urn:pikaia:<aggregate type>:<aggregate id>`. */
  readonly subject: string;
  readonly datacontenttype: 'application/json';
  readonly data: unknown;
  readonly schemaversion: number;
  readonly aggregatetype: string;
  readonly aggregateid: string;
  readonly correlationid: string;
  readonly causationid?: string;
  readonly organizationid?: string;
  readonly actortype?: string;
  readonly actorid?: string;
  readonly actoremail?: string;
  readonly sequence?: string;
  readonly replayed?: string;
}

/** Converts an envelope to a CloudEvent. Omits attributes that would be null, as the standard requires. */
export function toCloudEvent(event: Envelope & { readonly sequence?: string; readonly replayed?: string }): CloudEvent {
  const { actor, causation_id: causation, organization_id: organization, sequence, replayed } = event;
  return {
    specversion: '1.0',
    id: event.event_id,
    source: sourceOf({
      eventType: event.event_type,
      schemaVersion: event.schema_version,
      aggregateType: event.aggregate_type,
    }),
    type: event.event_type,
    time: event.occurred_at,
    subject: `urn:pikaia:${event.aggregate_type}:${event.aggregate_id}`,
    datacontenttype: 'application/json',
    schemaversion: event.schema_version,
    aggregatetype: event.aggregate_type,
    aggregateid: event.aggregate_id,
    correlationid: event.correlation_id,
    ...(causation !== undefined && { causationid: causation }),
    ...(organization !== null && { organizationid: organization }),
    ...(actor && { actortype: actor.type, actorid: actor.id, ...(actor.email !== undefined && { actoremail: actor.email }) }),
    ...(sequence !== undefined && { sequence }),
    ...(replayed !== undefined && { replayed }),
    data: event.data,
  };
}

/** Converts a CloudEvent to the fields of an envelope. Checks nothing: the event reader validates the result. */
export function fromCloudEvent(event: Readonly<Record<string, unknown>>): { readonly [Field in keyof Envelope]: unknown } {
  const { causationid, sequence, replayed, actortype, actorid, actoremail } = event;
  return {
    event_id: event['id'],
    event_type: event['type'],
    schema_version: event['schemaversion'],
    occurred_at: event['time'],
    aggregate_type: event['aggregatetype'],
    aggregate_id: event['aggregateid'],
    organization_id: event['organizationid'] ?? null,
    correlation_id: event['correlationid'],
    ...(causationid !== undefined && { causation_id: causationid }),
    actor:
      actortype === undefined && actorid === undefined
        ? null
        : { type: actortype, id: actorid, ...(actoremail !== undefined && { email: actoremail }) },
    data: event['data'],
    ...(sequence !== undefined && { sequence }),
    ...(replayed !== undefined && { replayed }),
  };
}
