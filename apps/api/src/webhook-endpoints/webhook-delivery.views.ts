import type { Static } from 'typebox';
import { Count, Fields, Flag, Id, ListOf, OneOf, OrNull, PageOf, Text, Timestamp } from '../openapi/schemas.js';
import { DELIVERY_STATUSES } from './webhook-delivery.requests.js';

const responseStatus = OrNull(Count('The status of the response. Null if there was none.', 200));
const errorCode = OrNull(Text('The kind of the failure. Null after a success.', 'timeout'));

const deliveryFields = {
  id: Id('The id of the delivery.'),
  endpoint_id: Id('The id of the endpoint.'),
  kind: OneOf('`redelivery`: the same event again. `test`: an example event.', ['event', 'redelivery', 'test']),
  event_id: Id('The id of the event: the header `webhook-id`. A redelivery has that of the first delivery.'),
  event_type: Text('The type of the event.', 'member.joined'),
  version: Count('The version of the data.', 1),
  status: OneOf(
    '`failed`: the last attempt failed, or the endpoint was disabled. `canceled`: the endpoint or its organization was deleted before.',
    DELIVERY_STATUSES,
  ),
  attempt_count: Count('The number of attempts that have a result.', 1),
  next_attempt_at: OrNull(Timestamp('The time from which the next attempt can start. Null if there is none.')),
  created_at: Timestamp('The time at which the delivery was stored.'),
  settled_at: OrNull(Timestamp('The time at which the delivery got its final status.')),
  redelivered_as: OrNull(Id('The last redelivery of this delivery.')),
};

export const WebhookDeliveryView = Fields(deliveryFields, { $id: 'WebhookDelivery' });
export const WebhookDeliveryPage = PageOf(
  Fields(
    { ...deliveryFields, response_status: responseStatus, error_code: errorCode },
    { $id: 'ListedWebhookDelivery', description: 'With the result of the last attempt.' },
  ),
);

const AttemptView = Fields(
  {
    number: Count('The number of the attempt, from 1.', 1),
    started_at: Timestamp('The start of the attempt.'),
    duration_ms: Count('The milliseconds until the response or the failure.', 184),
    response_status: responseStatus,
    error_code: errorCode,
    error: OrNull(Text('What failed.', 'The receiver did not respond in time.')),
    response_body: OrNull(Text('The beginning of the response body.', 'ok')),
  },
  { $id: 'WebhookAttempt' },
);

export const WebhookDeliveryDetailsView = Fields(
  {
    ...deliveryFields,
    payload: Text('The request body, exactly as it is sent.', '{"type":"member.joined"}'),
    attempts: ListOf(AttemptView, 'The attempts, oldest first.'),
  },
  { $id: 'WebhookDeliveryDetails' },
);

export const RecoveredView = Fields(
  {
    redelivered: Count('The number of deliveries that are sent again.', 12),
    has_more: Flag('True if more deliveries have failed. Repeat the request.'),
  },
  { $id: 'RecoveredWebhooks' },
);

export type Delivery = Static<typeof WebhookDeliveryView>;
export type ListedDelivery = Static<typeof WebhookDeliveryPage>['data'][number];
export type Attempt = Static<typeof AttemptView>;
