import { Type } from 'typebox';
import { Fields, OneOf, Text } from '../openapi/schemas.js';
import type { WebhookOutcome } from '../webhooks/webhook.source.js';

const OUTCOMES = [
  'handled',
  'unchanged',
  'duplicate',
  'outdated',
  'unknown_organization',
  'unknown_member',
  'other_organization',
  'unknown_type',
  'unreadable',
  'unknown_customer',
] as const satisfies readonly WebhookOutcome[];

export const IdentityWebhookView = Fields(
  { outcome: OneOf('What the delivery did. Only `handled` has changed something.', OUTCOMES) },
  { $id: 'IdentityWebhookOutcome' },
);

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
