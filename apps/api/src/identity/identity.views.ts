import { Type } from 'typebox';
import { Text } from '../openapi/schemas.js';

/** The fields of a webhook of Stytch that the api reads, besides the object that changed. */
export const StytchWebhookBody = Type.Object(
  {
    action: Text('What happened to the object.', 'UPDATE'),
    object_type: Text('The kind of the object.', 'member'),
    source: Text('Where the change was made.', 'DASHBOARD'),
    id: Text('The id of the object at Stytch.', 'member-live-32fc5024-9c09-4da3-bd2e-c9ce4da9375f'),
    timestamp: Text('The time of the change.', '2026-01-31T08:30:00.123456Z'),
  },
  { $id: 'StytchWebhook', additionalProperties: true },
);
