import type { DeliveredEvent } from '@pikaia/events';

type SentFields =
  'event_type' | 'occurred_at' | 'schema_version' | 'organization_id' | 'aggregate_type' | 'aggregate_id' | 'data';

/**
 * Returns the request body that is sent for an event. Actor, correlation id and position of an event are internal, so they are not part
 * of it. It is smaller than the event, whose size is limited to 256 KiB.
 */
export const payloadOf = (event: Pick<DeliveredEvent, SentFields>): string =>
  JSON.stringify({
    type: event.event_type,
    timestamp: event.occurred_at,
    version: event.schema_version,
    organization_id: event.organization_id,
    object: { type: event.aggregate_type, id: event.aggregate_id },
    data: event.data,
  });
