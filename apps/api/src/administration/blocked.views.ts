import { Count, Fields, Id, OrNull, PageOf, Text, Timestamp } from '../openapi/schemas.js';

const BlockedObjectView = Fields(
  {
    sink: Text('The name of the sink.', 'local/welcome-email'),
    aggregate_type: Text('The type of the object.', 'member'),
    aggregate_id: Text('The id of the object.', '019c12f4-7175-7abc-8504-af03c46f1d1b'),
    organization_id: OrNull(Text('The organization. Null for an event without one.', '019c12f4-7175-7abc-8504-af03c46f1d1b')),
    event_id: Id('The event that failed.'),
    event_type: Text('The type of that event.', 'member.invited'),
    occurred_at: Timestamp('The time of that event.'),
    failed_at: Timestamp('The time at which it failed.'),
    attempts: Count('Its failed attempts.', 10),
    last_error: OrNull(Text('Its last error, without personal data.', 'the mailbox is full')),
    waiting: Count('The later events of the object that wait. Counting stops at 10,001.', 3),
  },
  { $id: 'BlockedObject' },
);

export const BlockedObjectPage = PageOf(BlockedObjectView);
