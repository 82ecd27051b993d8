import { Count, Fields, Id, OneOf, OrNull, Text, Timestamp } from '../openapi/schemas.js';

const of = {
  delivery_id: Id('The id of the delivery.'),
  endpoint_id: Id('The id of the webhook endpoint.'),
  event_id: Id('The id of the event: the header `webhook-id`.'),
};

export const WebhookEntry = Fields({
  ...of,
  event_type: Text('The type of the event.', 'member.joined'),
  delivery_kind: OneOf('`redelivery`: the same event again. `test`: an example event.', ['event', 'redelivery', 'test']),
  status: OneOf('The status of the delivery.', ['pending', 'delivered', 'failed', 'canceled']),
  attempt_count: Count('The number of attempts that have a result.', 1),
  next_attempt_at: OrNull(Timestamp('The time from which the next attempt can start. Null if there is none.')),
  created_at: Timestamp('The time at which the delivery was stored.'),
  settled_at: OrNull(Timestamp('The time at which the delivery got its final status.')),
});

export const WebhookAttemptEntry = Fields({
  ...of,
  number: Count('The number of the attempt, from 1.', 1),
  started_at: Timestamp('The start of the attempt.'),
  duration_ms: Count('The milliseconds until the response or the failure.', 184),
  response_status: OrNull(Count('The status of the response. Null if there was none.', 200)),
  error_code: OrNull(Text('The kind of the failure. Null after a success.', 'timeout')),
  error: OrNull(Text('What failed.', 'No response within 15000 ms.')),
});
