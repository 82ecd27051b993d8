import { Fields, OneOf } from '../openapi/schemas.js';
import { WEBHOOK_OUTCOMES } from './webhook.source.js';

export const WebhookView = Fields(
  { outcome: OneOf('What the delivery did. Only `handled` has changed something.', WEBHOOK_OUTCOMES) },
  { $id: 'WebhookOutcome' },
);
